#!/usr/bin/env node
import { createRequire } from 'node:module'
import { Command } from 'commander'
import { combineCommand } from './combine.ts'
import { doctorCommand } from './doctor.ts'
import { embedCommand } from './embed.ts'
import { evaluateCommand } from './evaluate.ts'
import { reportFailure } from './failure.ts'
import { libtorchCommand } from './libtorch-install.ts'
import { mergeCommand } from './merge.ts'
import { offerLibtorch } from './offer-libtorch.ts'
import { predictCommand } from './predict.ts'
import { pushCommand } from './push.ts'
import { rankCommand } from './rank.ts'
import { reportCommand } from './report.ts'
import { serveCommand } from './serve.ts'
import { spellingsOf, withShortFlags } from './spellings.ts'
import { sweepCommand } from './sweep.ts'
import { trainCommand } from './train.ts'

const { version, description } = createRequire(import.meta.url)('../../package.json') as {
  version: string
  description: string
}

// A reader that goes away (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

/** Commands that open libtorch. */
const opening = /^(train|sweep|evaluate|merge|combine|predict|embed|rank|serve)$/

const program = new Command('torch-lora')
  .description(description)
  .version(version)
  .showHelpAfterError('(--help says more)')
  // Options belong to the command they follow: `libtorch install --version` is not the program's --version.
  .enablePositionalOptions()
  .hook('preAction', async (_program, command) => {
    if (opening.test(command.name())) await offerLibtorch()
  })
  .addCommand(trainCommand())
  .addCommand(sweepCommand())
  .addCommand(reportCommand())
  .addCommand(evaluateCommand())
  .addCommand(mergeCommand())
  .addCommand(combineCommand())
  .addCommand(predictCommand())
  .addCommand(embedCommand())
  .addCommand(rankCommand())
  .addCommand(pushCommand())
  .addCommand(serveCommand(version))
  .addCommand(libtorchCommand())
  .addCommand(doctorCommand())

// addCommand leaves a command with its own settings; how errors are shown is one decision.
function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.addHelpText('after', spellingsOf(command.options))
    inherit(command.copyInheritedSettings(parent))
  }
}
inherit(program)

try {
  await program.parseAsync(withShortFlags(process.argv.slice(2)), { from: 'user' })
} catch (error) {
  process.exitCode = reportFailure(error)
}
