import { oneOf, type Rules } from '../options.ts'
import type { LongText } from './long-texts.ts'
import {
  type CallOptions,
  callRules,
  type FromOptions,
  fromRules,
  type UnlabelledOptions,
  unlabelledRules,
} from './options.ts'

// Models whose answers of several windows of a text cannot be put together: a long text is cut or refused.

/** How a model without labels is loaded that reads one window of a text. */
export interface CutOptions extends Omit<UnlabelledOptions, 'longText' | 'windowOverlap'> {
  /** 'truncate' (default) cuts a text with more tokens than the model takes; 'refuse' fails with TOO_LONG. */
  longText?: Exclude<LongText, 'windows'> | undefined
}

/** What such a model may be told that is in memory already. */
export interface CutFromOptions
  extends Omit<FromOptions, 'longText' | 'windowOverlap'>,
    Pick<CutOptions, 'longText'> {}

/** What every call of such a model may ask for. */
export interface CutCallOptions extends Omit<CallOptions, 'longText'>, Pick<CutOptions, 'longText'> {}

const longText = oneOf('truncate', 'refuse')
const { windowOverlap: _w, ...load } = unlabelledRules
const { windowOverlap: _o, ...from } = fromRules

/** What {@link CutOptions} may be. */
export const cutRules: Rules<CutOptions> = { ...load, longText }

/** What {@link CutFromOptions} may be. */
export const cutFromRules: Rules<CutFromOptions> = { ...from, longText }

/** What {@link CutCallOptions} may be. */
export const cutCallRules: Rules<CutCallOptions> = { ...callRules, longText }
