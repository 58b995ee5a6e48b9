/** Asks a GPU for a row that a table does not have, and prints the code of each error from then on. See random.test.ts. */
import { ops, Tensor, TorchLoraError } from '../../lib/index.ts'

const device = process.argv[2]!
const table = Tensor.ones([4, 8], { device })
for (const id of [9, 1, 1])
  try {
    const rows = ops.embedding(table, Tensor.from(Int32Array.of(id), { device }))
    console.log(JSON.stringify({ read: rows.readSync().length }))
  } catch (error) {
    if (!(error instanceof TorchLoraError)) throw error
    console.log(JSON.stringify({ code: error.code, message: error.message }))
  }
process.exit()
