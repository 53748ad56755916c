import { expect, test } from 'vitest';
import { digest } from './digest';

// Computed by the server's own code over the same content.
test.each([
  [
    {
      findings: '心电图示 V4–V6 ST 段压低 <0.1 mV>',
      diagnosis: '不稳定型心绞痛 & "高危"',
      treatment: '阿司匹林 300 mg\n嚼服',
      limits: '',
      codes: [],
    },
    '802fd5b70a0d12594245c3153eb6a3286bd712ba1f39e7bb2ed077ed703f60e9',
  ],
  [
    {
      findings: 'a',
      diagnosis: 'b',
      treatment: '',
      certainty: 'probable' as const,
      codes: [
        { system: 'icd-10' as const, code: 'I20.0', text: '不稳定型心绞痛' },
        { system: 'tcm' as const, code: '', text: '胸痹' },
      ],
      red_flags: 'tab\there\u2028line',
    },
    'fec81a830492d85dc226475b229c5cb9f8487f9e673b1506229a0fba9960c0e7',
  ],
])('the signer and the server digest the same content alike', async (content, sum) => {
  expect(await digest(content)).toBe(sum);
});
