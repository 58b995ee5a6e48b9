// Run by responsive.test.ts as a program: it must end by itself although a tokenizer is open.
import { AutoTokenizer } from '../../lib/tokenizer/index.ts'

const tokenizer = await AutoTokenizer.fromPretrained(process.argv[2]!)
const { ids } = await tokenizer.encode('The kettle sings.')
console.log(JSON.stringify([...ids]))
if (process.argv[3] === 'exit') {
  void tokenizer.encodeBatch(
    Array.from({ length: 20_000 }, () => 'The kettle sings before the harbour wakes.'),
  )
  setImmediate(() => process.exit(7))
}
