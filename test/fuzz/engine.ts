/**
 * The program of a tokenizer's process (lib/tokenizer/process.ts) for one folder after the other: starting a process is
 * nearly all that a case would cost. It may die of any of them.
 */
import { classOfModel } from '../../lib/tokenizer/auto.ts'
import { describeFailure } from '../../lib/tokenizer/failure.ts'
import { loadTokenizer } from '../../lib/tokenizer/load.ts'

process.on('disconnect', () => process.exit())
process.on('message', async (dir: string) => {
  try {
    const tokenizer = loadTokenizer({ dir, settings: { normalization: 'transformers', classOfModel } })
    await tokenizer.encode({
      kind: 'encode',
      first: 0,
      texts: ['the film was good', 'höchst 🦙', ''],
      counts: Uint8Array.of(1, 2),
      maxLength: 64,
      stride: -1,
      strategy: 'longest_first',
      addSpecialTokens: true,
      located: true,
    })
    process.send!({})
  } catch (error) {
    process.send!({ error: describeFailure(error) })
  }
})
process.send!({})
