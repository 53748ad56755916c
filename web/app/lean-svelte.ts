// Leaves out of Svelte what this app never does. Each fold below
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

const batch = 'reactivity/batch.js';
const each = 'dom/blocks/each.js';
const effects = 'reactivity/effects.js';
const render = 'render.js';
const runtime = 'runtime.js';
const deriveds = 'reactivity/deriveds.js';
const template = 'dom/template.js';

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

  // No <svelte:boundary>: an error goes up to the window.
  { in: render, from: 'import { component_root }', to: 'import { branch, component_root }' },
  { in: render, from: /^\t\tboundary\([\s\S]*?\(anchor_node\) => \{$/m, to: 'branch(() => {' },
  { in: render, from: /^\t\t\t\},\n\t\t\ttransformError\n\t\t\);$/m, to: '});' },
  { in: effects, from: 'parent && parent.b', to: 'null' },
  { in: batch, from: /^\t\t\teffect\.b\?\.is_pending &&$/m, to: 'false &&' },
  { in: 'error-handling.js', from: 'error === HYDRATION_ERROR', to: 'false' },
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

  // No getAbortSignal.
  { in: runtime, from: 'reaction.ac !== null', to: 'false' },
  { in: runtime, from: 'derived.ac !== null', to: 'false' },
  { in: effects, from: 'controller !== null', to: 'false' },
  { in: deriveds, from: 'if (e.teardown || e.ac) {', to: 'if (e.teardown) {' },
  { in: deriveds, from: 'e.ac !== null', to: 'false' },

  // One kind of document, and no elements of other makers in it.
  { in: 'dom/operations.js', from: "key.startsWith('xlink:')", to: 'false' },
  { in: template, from: "name === 'math' ? NAMESPACE_MATHML : ns", to: 'ns' },
  { in: template, from: '(flags & TEMPLATE_USE_MATHML) !== 0', to: 'false' },
  { in: template, from: 'attributes?.is', to: 'undefined' },
  { in: template, from: 'element.nodeName === TEMPLATE_TAG', to: 'false' },
  { in: template, from: "element.nodeName === 'foreignObject'", to: 'false' },

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
  /\$\.(boundary|transition|animation|async\w*|run|save|eager|inspect|store_\w+|legacy_\w+|hydrat\w+|from_mathml)\(|import \{[^}]*\b(fork|getAbortSignal|settled|hydrate|unmount)\b[^}]*\} from ['"]svelte['"]|['"]svelte\/(store|transition|animate|motion|legacy)['"]/;

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
