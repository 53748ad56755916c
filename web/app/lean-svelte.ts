// Leaves out of Svelte what this app never does, a third of it. Each fold below
// puts in a constant what can only ever have that value here, and the bundler
// drops what hangs on it. A fold that no longer finds its place in Svelte's
// source fails the build: with a new version, look whether it still holds.
import type { Plugin } from 'vite';

interface Fold {
  /** Within svelte/src, or within its internal/client. */
  in: string;
  /** Text, as often as `times` says (once when left out), or a pattern. */
  from: string | RegExp;
  to: string;
  times?: number;
}

const declared = (flag: string) => `export let ${flag} = false;`;
const constant = (flag: string) => `export const ${flag} = false;`;
const flags = ['async_mode_flag', 'legacy_mode_flag', 'tracing_mode_flag'];

/** A method of a class, one tab deep. */
const method = (name: string) => new RegExp(`^\\t${name}\\([^\\n]*\\) \\{\\n[\\s\\S]*?^\\t\\}\\n`, 'm');

const batch = 'reactivity/batch.js';
const each = 'dom/blocks/each.js';
const branches = 'dom/blocks/branches.js';
const effects = 'reactivity/effects.js';
const render = 'render.js';

const folds: Fold[] = [
  // Nothing is rendered on a server: nothing is hydrated.
  { in: 'dom/hydration.js', from: declared('hydrating'), to: constant('hydrating') },
  { in: 'dom/hydration.js', from: /^\s*hydrating = value;$/m, to: '' },

  // No legacy components, no experimental await, no tracing.
  ...flags.flatMap((flag): Fold[] => [
    { in: 'internal/flags/index.js', from: declared(flag), to: constant(flag) },
    { in: 'internal/flags/index.js', from: new RegExp(`^\\s*${flag} = (true|false);$`, 'gm'), to: '' },
  ]),
  ...['reactivity/async.js', 'dom/blocks/await.js'].map((file): Fold => ({
    in: file,
    from: 'is_runes()',
    to: 'true',
  })),
  { in: 'reactivity/sources.js', from: 'is_runes()', to: 'true', times: 3 },
  { in: 'runtime.js', from: 'is_runes()', to: 'true' },
  { in: 'dom/blocks/key.js', from: '!is_runes()', to: 'false' },

  // Without await in templates, an expression's values are there at once, a batch
  // commits as soon as it is processed, no value differs from batch to batch, and
  // a branch goes in or out at once.
  { in: 'reactivity/async.js', from: 'blockers.filter((b) => !b.settled)', to: '[]' },
  { in: 'reactivity/async.js', from: 'async.length === 0 && pending.length === 0', to: 'true' },
  { in: batch, from: 'export let batch_values = null;', to: 'export const batch_values = null;' },
  { in: batch, from: /^\s*batch_values = .*;$/gm, to: '' },
  { in: batch, from: 'this.#is_deferred()', to: 'false', times: 2 },
  { in: batch, from: 'this.#pending === 0', to: 'true' },
  ...['increment', 'decrement', 'settled', 'ondiscard', 'skip_effect', 'unskip_effect'].map((name): Fold => ({
    in: batch,
    from: method(name),
    to: '',
  })),
  { in: batch, from: method('register_created_effect'), to: '' },
  { in: effects, from: 'current_batch?.register_created_effect(effect);', to: '' },
  {
    in: batch,
    from: /^\t\tfor \(const \[effect, deferred\] of batch[\s\S]*?async_deriveds.clear\(\);$/m,
    to: '',
  },
  { in: batch, from: ' && !this.async_deriveds.has(effect)', to: '' },
  { in: batch, from: /^\t\tfor \(const deferred of this\.async_deriveds[\s\S]*?^\t\t\}$/m, to: '' },
  { in: batch, from: 'this.#deferred?.resolve();', to: '', times: 2 },
  { in: batch, from: /^\t\tfor \(const fn of this\.#discard_callbacks.*\n.*clear\(\);$/m, to: '' },
  { in: each, from: 'should_defer_append()', to: 'false' },
  { in: each, from: 'state.pending.size > 0', to: 'false' },
  { in: each, from: 'state.pending.size === 0', to: 'true' },
  { in: branches, from: 'should_defer_append()', to: 'false' },
  { in: branches, from: '!this.#offscreen.has(key)', to: 'true' },
  { in: branches, from: /this\.#offscreen\.get\(key?\)/g, to: 'undefined' },
  { in: branches, from: 'if (keys.includes(k))', to: 'if (false)' },
  { in: branches, from: 'const keys = Array.from(this.#batches.values());', to: '', times: 2 },
  { in: branches, from: /^\t#discard = [\s\S]*?^\t\};$/m, to: '' },
  { in: branches, from: 'batch.ondiscard(this.#discard);', to: '' },

  // Nor are there forks of the state.
  { in: batch, from: /\b(this|batch)\.is_fork(?! =)/g, to: 'false' },
  { in: batch, from: /^\tis_fork = false;$/m, to: '' },
  {
    in: 'reactivity/sources.js',
    from: '!batch.is_fork && eager_effects.size > 0 && !eager_effects_deferred',
    to: 'false',
  },
  { in: 'reactivity/deriveds.js', from: 'current_batch?.is_fork', to: 'false', times: 2 },
  { in: 'runtime.js', from: 'current_batch?.is_fork', to: 'false' },

  // No <svelte:boundary>: an error goes up to the window.
  { in: render, from: 'import { component_root }', to: 'import { branch, component_root }' },
  { in: render, from: /^\t\tboundary\([\s\S]*?\(anchor_node\) => \{$/m, to: 'branch(() => {' },
  { in: render, from: /^\t\t\t\},\n\t\t\ttransformError\n\t\t\);$/m, to: '});' },
  { in: effects, from: 'parent && parent.b', to: 'null' },
  { in: batch, from: /^\t\t\teffect\.b\?\.is_pending &&$/m, to: 'false &&' },
  { in: 'error-handling.js', from: '(effect.f & BOUNDARY_EFFECT) !== 0', to: 'false' },

  // No transitions and no animations: what goes is gone at once.
  { in: effects, from: 'transitions !== null', to: 'false' },
  { in: effects, from: 'if (t !== null)', to: 'if (false)', times: 2 },
  { in: effects, from: 'remaining > 0', to: 'false' },
  { in: each, from: '(flags & EACH_IS_ANIMATED) !== 0', to: 'false' },
  { in: each, from: 'transitions.length === 0', to: 'true' },
  { in: each, from: 'remaining === 0', to: 'true' },
  { in: each, from: 'if (group) {', to: 'if (false) {' },
  { in: each, from: 'state.outrogroups !== null', to: 'false', times: 2 },

  // No stores.
  {
    in: 'reactivity/props.js',
    from: 'capture_store_binding(() => /** @type {V} */ (props[key]))',
    to: '[props[key], false]',
  },

  // A list that nothing here reads.
  {
    in: 'utils.js',
    from: /= \[\n\t\.\.\.DOM_BOOLEAN_ATTRIBUTES,([^\]]*)\]/,
    to: '= /* @__PURE__ */ DOM_BOOLEAN_ATTRIBUTES.concat([$1])',
  },

  // The app is mounted once, and never unmounted.
  {
    in: render,
    from: /^\t\treturn \(\) => \{\n\t\t\tfor \(var event_name of registered_events[\s\S]*?^\t\t\};$/m,
    to: '',
  },
  { in: render, from: 'mounted_components.set(component, unmount);', to: '' },
];

// What would need something that is left out.
const absent =
  /\$\.(boundary|transition|animation|async\w*|run|save|eager|inspect|store_\w+|legacy_\w+|hydrat\w+)\(|import \{[^}]*\b(fork|settled|hydrate|unmount)\b[^}]*\} from ['"]svelte['"]|['"]svelte\/(store|transition|animate|motion|legacy)['"]/;

function apply(fold: Fold, code: string): string {
  const { from, to, times = 1 } = fold;
  const found = typeof from === 'string' ? code.split(from).length - 1 : (code.match(from)?.length ?? 0);
  if (typeof from === 'string' ? found !== times : found === 0)
    throw new Error(
      `lean-svelte: ${fold.in} changed, ${from} stands in it ${found} times: does the fold still hold?`,
    );
  return typeof from === 'string' ? code.replaceAll(from, to) : code.replace(from, to);
}

export function leanSvelte(): Plugin {
  const waiting = new Set(folds.map((fold) => fold.in));
  return {
    name: 'lean-svelte',
    apply: 'build',
    transform(code, id) {
      const path = /\/svelte\/src\/(?:internal\/client\/)?(.*)$/.exec(id)?.[1];
      if (!path) {
        const asked = !id.includes('/node_modules/') && absent.exec(code);
        if (asked) throw new Error(`lean-svelte leaves out what this needs: ${asked[0]}`);
        return;
      }
      waiting.delete(path);
      const lean = folds.filter((fold) => fold.in === path).reduce((text, fold) => apply(fold, text), code);
      // Its modules act only when called; saying so keeps what a page does not use out of its chunk.
      return { code: lean, map: null, moduleSideEffects: path.startsWith('internal/flags') ? null : false };
    },
    buildEnd(error) {
      if (!error && waiting.size)
        throw new Error(`lean-svelte: no such file any more: ${[...waiting].join(', ')}`);
    },
  };
}
