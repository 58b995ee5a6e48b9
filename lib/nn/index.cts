/** `require('torch-lora/nn')`: the very module that `import` gives; see lib/index.cts. */
import index = require('./index.ts')

export = index
