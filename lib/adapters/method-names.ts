/** The methods that a command or a recipe may name, by the names of papers and PEFT. */
export const methodNames = [
  'lora',
  'dora',
  'pissa',
  'olora',
  'lorafa',
  'adalora',
  'vera',
  'ia3',
  'bitfit',
  'ln_tuning',
] as const

export type MethodName = (typeof methodNames)[number]

const loraFlags = [
  'r',
  'alpha',
  'target',
  'dropout',
  'bias',
  'rslora',
  'dora',
  'initLoraWeights',
  'loftqIter',
  'evaRho',
  'trainableTokenIndices',
  'loraplusLrRatio',
] as const

const adaloraFlags = [
  'alpha',
  'target',
  'dropout',
  'bias',
  'targetR',
  'initR',
  'tinit',
  'tfinal',
  'deltaT',
  'orthRegWeight',
] as const

const veraFlags = ['r', 'target', 'dropout', 'bias', 'dInitial', 'projectionPrngKey'] as const
const ia3Flags = ['target', 'feedforward'] as const

/** A setting of `train` and of recipes that belongs to methods. */
export type MethodFlag =
  | (typeof loraFlags)[number]
  | (typeof adaloraFlags)[number]
  | (typeof veraFlags)[number]
  | (typeof ia3Flags)[number]

const loraWithout = (...names: MethodFlag[]) => loraFlags.filter((flag) => !names.includes(flag))

/** Those that each method takes. */
export const methodFlags: Readonly<Record<MethodName, readonly MethodFlag[]>> = {
  lora: loraFlags,
  dora: loraWithout('dora'),
  pissa: loraWithout('dora', 'initLoraWeights'),
  olora: loraWithout('dora', 'initLoraWeights'),
  lorafa: loraWithout('dora', 'loraplusLrRatio'),
  adalora: adaloraFlags,
  vera: veraFlags,
  ia3: ia3Flags,
  bitfit: [],
  ln_tuning: ['target'],
}

/** Every one that belongs to a method. */
export const allMethodFlags: readonly MethodFlag[] = [...new Set(Object.values(methodFlags).flat())]
