import { expect, test } from 'vitest';
import type { CaseView } from '../../core/model';
import { blank, contentOf, requestOf } from './content';

const typed = {
  ...blank('here'),
  name: ' 王桂兰 ',
  birth: '1958年3月12日',
  age: '12',
  sex: 'female' as const,
  question: '是否需要转院？',
  specialty: 'cardiology',
  data: { ecg: '窦性心律', onset: ' ' },
  vitals: { systolic: '168', diastolic: '94', temperature: '36,5' },
  taken: '2026-11-21T08:00:00.000Z',
};

test('becomes the request that the server takes', () => {
  const request = requestOf(typed, undefined);
  expect(request.patient).toEqual({
    name: '王桂兰',
    local_id: '',
    birth: '1958-03-12',
    sex: 'female',
    confidential: false,
  });
  expect(request.data).toEqual({ ecg: '窦性心律' });
  expect(request.diagnoses).toEqual([]);
  expect(request.vitals).toEqual([{ taken: typed.taken, systolic: 168, diastolic: 94, temperature: 36.5 }]);
});

test('keeps measurements that others took, and replaces only its own', () => {
  const before = {
    ...requestOf(typed, undefined),
    vitals: [
      { taken: '2026-11-20T08:00:00.000Z', heart_rate: 80 },
      { taken: typed.taken, systolic: 1 },
    ],
  };
  expect(requestOf(typed, before).vitals?.map((set) => [set.taken, set.systolic, set.heart_rate])).toEqual([
    ['2026-11-20T08:00:00.000Z', undefined, 80],
    [typed.taken, 168, undefined],
  ]);
});

test('a draft taken up again holds what was typed', () => {
  const request = requestOf(typed, undefined);
  const of = { state: 'draft', kind: 'video', urgency: 'urgent', institution: { id: 'here' }, request };
  const again = contentOf(of as unknown as CaseView);
  expect(again).toMatchObject({
    name: '王桂兰',
    birth: '1958-03-12',
    urgency: 'urgent',
    specialty: 'cardiology',
  });
  expect(requestOf(again, request)).toEqual(request);
});

test('a returned request gets new measurements beside the old', () => {
  const request = requestOf(typed, undefined);
  const of = { state: 'returned', kind: 'video', urgency: 'urgent', institution: { id: 'here' }, request };
  expect(contentOf(of as unknown as CaseView).taken).toBe('');
});
