/** Imported before all else: contexts that node:vm makes on Node 20, as test runners do, have neither symbol. */
for (const name of ['dispose', 'asyncDispose'] as const)
  if (!Symbol[name]) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) })
