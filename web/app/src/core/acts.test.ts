import { describe, expect, test } from 'vitest';
import { deeds, Once, steps } from './acts';
import type { CaseView } from './model';

const view = (more: Partial<CaseView>) =>
  ({
    state: 'submitted',
    possible: [],
    may: [],
    start_now: false,
    kind: 'video',
    ...more,
  }) as unknown as CaseView;

describe('the next thing to do', () => {
  test('is triage for who may, before sending back or calling off', () => {
    expect(deeds(view({ possible: ['cancel', 'return', 'triage'] }))).toEqual(['triage', 'return', 'cancel']);
  });
  test('is entering the room while there is one', () => {
    expect(deeds(view({ state: 'waiting', possible: ['miss', 'cancel'], may: ['room.enter'] }))[0]).toBe(
      'enter',
    );
  });
  test('is writing the opinion when it is due', () => {
    expect(deeds(view({ state: 'opinion-due', possible: ['sign'], may: ['opinion.draft'] }))[0]).toBe(
      'opinion',
    );
  });
  test('what happens inside the room is no button here', () => {
    expect(
      deeds(view({ state: 'in-call', possible: ['admit', 'interrupt', 'end', 'arrive', 'resume'] })),
    ).toEqual([]);
  });
  test('closing comes first once there is nothing more to follow', () => {
    expect(deeds(view({ state: 'follow-up', possible: ['follow', 'close'] }))[0]).toBe('close');
  });
});

describe('the line of steps', () => {
  test('start now skips triage and time', () => {
    expect(steps({ state: 'invited', start_now: true, kind: 'video' })).toMatchObject({ at: 1 });
    expect(steps({ state: 'invited', start_now: true, kind: 'video' }).steps).not.toContain('triage');
  });
  test('a written consult has no call', () => {
    expect(steps({ state: 'async', start_now: false, kind: 'asynchronous' }).steps).not.toContain('call');
  });
  test('closed is the end; cancelled is nowhere', () => {
    const closed = steps({ state: 'closed', start_now: false, kind: 'video' });
    expect(closed.at).toBe(closed.steps.length);
    expect(steps({ state: 'cancelled', start_now: false, kind: 'video' }).at).toBe(-1);
  });
  test('every state of every kind stands somewhere on the line', () => {
    const states = [
      'draft',
      'submitted',
      'triaged',
      'invited',
      'accepted',
      'scheduled',
      'in-call',
      'opinion-due',
    ];
    for (const state of states)
      for (const kind of ['video', 'asynchronous', 'diagnosis', 'mdt'] as const)
        for (const start_now of [true, false])
          expect(steps({ state: state as CaseView['state'], start_now, kind }).at).toBeGreaterThanOrEqual(0);
  });
});

test('the same act has one key, another act another', () => {
  const once = new Once();
  const first = once.keyFor(['triage', { urgency: 'urgent' }]);
  expect(once.keyFor(['triage', { urgency: 'urgent' }])).toBe(first);
  expect(once.keyFor(['triage', { urgency: 'routine' }])).not.toBe(first);
});
