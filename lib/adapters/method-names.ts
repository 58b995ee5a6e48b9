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
