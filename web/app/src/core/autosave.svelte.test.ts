import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Problem } from './api';
import { Autosave, type Shelf } from './autosave.svelte';

function memory(): Shelf & { held: Map<string, string> } {
  const held = new Map<string, string>();
  return {
    held,
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value),
    removeItem: (key) => void held.delete(key),
  };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('autosave', () => {
  test('waits for a pause, then sends the last of what was typed', async () => {
    const sent: string[] = [];
    const save = new Autosave<string>({ key: () => 'k', save: async (value) => void sent.push(value) });
    save.change('a');
    await vi.advanceTimersByTimeAsync(300);
    save.change('ab');
    await vi.advanceTimersByTimeAsync(300);
    expect(sent).toEqual([]);
    expect(save.state).toBe('typing');
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toEqual(['ab']);
    expect(save.state).toBe('saved');
  });

  test('steady typing is saved in between', async () => {
    const sent: string[] = [];
    const save = new Autosave<string>({ key: () => 'k', save: async (value) => void sent.push(value) });
    for (let n = 0; n < 16; n++) {
      save.change(String(n));
      await vi.advanceTimersByTimeAsync(500);
    }
    expect(sent.length).toBeGreaterThan(0);
  });

  test('without a link it is kept here, tried again, and forgotten once it is there', async () => {
    const shelf = memory();
    let up = false;
    const save = new Autosave<string>({
      key: () => 'k',
      shelf,
      save: async () => {
        if (!up) throw new Problem(0, 'offline');
      },
    });
    save.change('typed offline');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(save.state).toBe('waiting');
    expect(shelf.held.get('k')).toBe('"typed offline"');
    up = true;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(save.state).toBe('saved');
    expect(shelf.held.size).toBe(0);
  });

  test('what a closed tab could not send is found by the next visit', () => {
    const shelf = memory();
    const first = new Autosave<string>({ key: () => 'k', shelf, save: async () => {} });
    first.change('half a sentence');
    first.close();
    expect(new Autosave<string>({ key: () => 'k', shelf, save: async () => {} }).kept()).toBe(
      'half a sentence',
    );
  });

  test('what changes while it is being sent is sent after it', async () => {
    const sent: string[] = [];
    let release = () => {};
    const save = new Autosave<string>({
      key: () => 'k',
      save: (value) => {
        sent.push(value);
        return new Promise<void>((resolve) => (release = resolve));
      },
    });
    save.change('one');
    await vi.advanceTimersByTimeAsync(800);
    save.change('two');
    release();
    await vi.advanceTimersByTimeAsync(800);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual(['one', 'two']);
    expect(save.state).toBe('saved');
  });

  test('what the server refuses is said, not tried for ever', async () => {
    const tries = vi.fn(async () => {
      throw new Problem(422, 'invalid');
    });
    const save = new Autosave<string>({ key: () => 'k', save: tries });
    save.change('x');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(save.state).toBe('refused');
    expect(tries).toHaveBeenCalledTimes(1);
    expect(save.problem?.code).toBe('invalid');
  });

  test('flush tells whether everything is there', async () => {
    const save = new Autosave<string>({ key: () => 'k', save: async () => {} });
    save.change('x');
    expect(await save.flush()).toBe(true);
    expect(await save.flush()).toBe(true);
  });
});
