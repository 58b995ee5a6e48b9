/** Runs the quickstart's program without the set-up in front of it: options as JSON in the first argument. */
import { type QuickstartOptions, quickstart } from '../../examples/quickstart.ts'
import { interruptible, reportFailure } from '../../lib/cli/failure.ts'

const options = JSON.parse(process.argv[2]!) as QuickstartOptions
try {
  await interruptible((signal) => quickstart(options, signal))
} catch (error) {
  process.exitCode = reportFailure(error)
}
