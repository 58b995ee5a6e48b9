/**
 * Products with 8-bit codes on a machine, as JSON. The numbers are the same on every one: what differs would be a
 * kernel's fault. ATEN_CPU_CAPABILITY=default goes without SDOT.
 */
import { fused, Tensor } from 'torch-lora'

const rows = 11
const wave = (count: number, step: number, shift = 0) =>
  Float32Array.from({ length: count }, (_, at) => Math.sin(at * step + shift) * (1 + (at % 7)))

const sums = [37, 64, 768].map((inputs) => {
  const x = Tensor.from(wave(rows * inputs, 0.7), { shape: [rows, inputs] })
  const outputs = [5, 64]
  const weights = outputs.map((count) =>
    Tensor.from(wave(count * inputs, 1.3, count), { shape: [count, inputs] }),
  )
  const y = fused.linearInt8(x, fused.prepackLinearInt8(weights), outputs, [], { gelu: false })
  return Array.from(y.readSync(), Number)
})
console.log(JSON.stringify(sums))
