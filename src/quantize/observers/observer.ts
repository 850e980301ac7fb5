/** Calibration observers: the public functions. */
import { NumericError, rangeError, typeError } from '../../core/errors.js';
import { printsAs } from '../../core/inspect.js';
import { checkChoice } from '../../core/options.js';
import { batchOf } from './observer-batch.js';
import { fromState, toState } from './observer-json.js';
import { observedRange } from './observer-limits.js';
import {
  checkObserverOptions,
  differingOption,
  OBSERVER_KINDS,
  type ObserverSettings,
} from './observer-options.js';
import {
  addBatch,
  addTotals,
  createTables,
  refuseTooMany,
  totalCount,
  totalsOf,
  type Tables,
} from './observer-state.js';
import type { Observer, ObserverKind, ObserverOptions } from './observer-types.js';

const FN = 'observer';

/** What stands behind an observer; only its tables are ever replaced. */
interface Inside {
  readonly kind: ObserverKind;
  readonly settings: ObserverSettings;
  tables: Tables | null;
}

/** The insides of every observer, for `merge`. */
const INSIDES = new WeakMap<Observer, Inside>();

/**
 * Returns an observer, which watches a stream of activations batch by batch and knows the range to quantize them with.
 *
 * Formula: by `kind`, as ObserverKind says. Histograms have bins [j w, (j + 1) w), w the least power of two that needs at most `bins` of them
 * from the smallest to the largest value so far; where the range widens, bins merge in pairs. docs/numerics.md has the definitions.
 *
 * Shapes: any, another one for every batch. With granularity {kind: 'axis'} the axis must have the same length every time, and the range one
 * entry per index.
 *
 * Numerics: float64 input is rounded to float32 first. But for 'ema', whose batches have an order by definition, all that is kept is a
 * function of the values alone: counts are whole numbers and sums are exact, so every cut into batches, and every order and tree of merges,
 * gives the same toJSON, to the byte. 'percentile' is within one bin width, below 2 (max - min) / (bins - 1), of what numpy computes from all
 * the values. The range is float32 and lies within what was seen, symmetric ones within its largest magnitude; an asymmetric 'histogramMse'
 * holds 0 besides. 'ema' computes in float32 as torch does. NaN and infinities are an error, and nothing of the batch is added; nonFinite
 * 'skip' leaves them out. -0 is 0; empty batches change nothing.
 *
 * Cost: per value 0.3 ns for minmax and ema, 2 ns for histograms and 3.5 ns for sums, three to five times as much for many channels along
 * the last axis. Memory: 8 bytes per bin and channel, 6 KiB per channel for 'meanStd', whatever the number of values. `range`: with 4096 bins
 * 1 to 15 ms per channel for 'entropy' and 20 to 100 ms for 'histogramMse', 3 ms and less with 512.
 *
 * Compatible with: torch 2.13 MinMaxObserver, PerChannelMinMaxObserver and MovingAverageMinMaxObserver, to the bit; docs/compat.md says how the others differ.
 *
 * @param kind 'minmax', 'ema', 'percentile', 'histogramMse', 'entropy' or 'meanStd'
 * @param options mapping, granularity, nonFinite, and what belongs to the kind
 * @throws TypeError or RangeError for arguments.
 * @example
 * const calibration = observer('percentile', { mapping: 'asymmetric', percentile: 99.9 });
 * for (const batch of [Float32Array.of(0, 1), Float32Array.of(0.5, 2)]) calibration.observe(batch);
 * const q = quantizeAffine(Float32Array.of(0.25, 1.5), { bits: 8, mapping: 'asymmetric', ...calibration.range() });
 * q.scale; // Float32Array [0.0078...]
 * @see observerFromJSON
 */
export function observer(kind: ObserverKind, options?: ObserverOptions): Observer {
  const checked = checkChoice(FN, 'kind', kind, OBSERVER_KINDS);
  return fromInside({ kind: checked, settings: checkObserverOptions(FN, checked, options), tables: null });
}

/**
 * Returns the observer that toJSON saved: it goes on where the saved one stood.
 *
 * Numerics: what it has seen is restored exactly; its toJSON gives the same text.
 *
 * @param state what toJSON returned, or JSON.parse of its text; nothing in it is trusted
 * @throws FormatError OBSERVER_STATE for whatever toJSON would not have made.
 * @example
 * const seen = observer('minmax');
 * seen.observe(Float32Array.of(-1, 2));
 * observerFromJSON(JSON.parse(JSON.stringify(seen))).range().rangeMax; // Float32Array [2]
 * @see observer
 */
export function observerFromJSON(state: unknown): Observer {
  return fromInside({ ...fromState(state) });
}

function fromInside(inside: Inside): Observer {
  const { kind, settings } = inside;
  const self: Observer = {
    kind,
    get count() {
      return inside.tables === null ? 0 : totalCount(inside.tables);
    },
    observe(x) {
      const batch = batchOf(FN, x, settings);
      if (batch === null) return;
      const tables = inside.tables ?? createTables(FN, kind, settings, batch.channels);
      if (tables.channels !== batch.channels) {
        const fix = 'one observer watches one tensor';
        throw rangeError(FN, 'x.shape', `${tables.channels} channels, as before`, batch.channels, fix);
      }
      refuseTooMany(FN, tables, batch.x.length);
      addBatch(tables, batch, settings);
      inside.tables = tables;
    },
    merge(other) {
      merge(inside, insideOf(other));
    },
    range: () => observedRange(FN, kind, settings, inside.tables),
    toJSON: () => toState(inside),
  };
  INSIDES.set(self, inside);
  return printsAs(self, ({ count }) => `observer ${kind}: ${count} values`);
}

function insideOf(other: unknown): Inside {
  const inside = INSIDES.get(other as Observer);
  if (inside === undefined) {
    throw typeError(FN, 'other', 'an observer', other, 'restore saved ones with observerFromJSON');
  }
  return inside;
}

function merge(into: Inside, from: Inside): void {
  const { kind, settings } = into;
  if (from.kind !== kind)
    throw rangeError(FN, 'other.kind', `'${kind}'`, from.kind, 'merge observers of one kind');
  const key = differingOption(settings, from.settings);
  if (key !== null) {
    const fix = 'merge observers made with the same options';
    throw rangeError(FN, `other.${key}`, JSON.stringify(settings[key]), from.settings[key], fix);
  }
  if (kind === 'ema') {
    const message = `${FN}: "other" expected a kind whose batches have no order, got 'ema' - use 'minmax' or 'percentile', or observe in one place`;
    throw new NumericError('ORDER_DEPENDENT', message);
  }
  const added = from.tables;
  if (added === null) return;
  const tables = into.tables ?? createTables(FN, kind, settings, added.channels);
  if (tables.channels !== added.channels) {
    const fix = 'merge observers of one tensor';
    throw rangeError(FN, 'other', `${tables.channels} channels`, added.channels, fix);
  }
  refuseTooMany(FN, tables, totalCount(added));
  for (let c = 0; c < tables.channels; c++) addTotals(tables, c, totalsOf(added, c));
  into.tables = tables;
}
