import { albert } from './albert.ts'
import { bert } from './bert.ts'
import { deberta } from './deberta.ts'
import { debertaV2 } from './deberta-v2.ts'
import { distilbert } from './distilbert.ts'
import { electra } from './electra.ts'
import type { Family } from './family.ts'
import { modernbert } from './modernbert.ts'
import { mpnet } from './mpnet.ts'
import { camembert, roberta, xlmRoberta } from './roberta.ts'

/** Every kind of encoder that there is, as all others see it. */
export const families: readonly Family[] = [
  bert,
  roberta,
  debertaV2,
  distilbert,
  electra,
  xlmRoberta,
  camembert,
  mpnet,
  deberta,
  albert,
  modernbert,
].map((family) => family as Family<never>)
