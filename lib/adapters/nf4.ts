import { nf4Levels as levels } from '../checkpoint/index.ts'

/** Numbers that share a scale. */
const nf4Block = 64
/** What a block of zeros is divided by. */
const least = Math.fround(1e-38)

/** Halves of neighbouring levels, in float32: above one a number is nearer to the next level. */
const bounds = levels.subarray(1).map((level, i) => (level + levels[i]!) / 2)

/** Numbers in four bits each. */
export interface Nf4 {
  /** Two levels a byte, the first in the high half; the last half is 7, zero, where there is an odd number of them. */
  packed: Uint8Array
  /** The largest magnitude of each block. */
  absmax: Float32Array
  length: number
}

/**
 * Quantizes as `bitsandbytes.functional.quantize_4bit(..., blocksize=64, quant_type='nf4')` does on the CPU without double
 * quantization, bit for bit: a block over its largest magnitude, in float32, and of each number the nearest level.
 * Source: bitsandbytes 0.50.2, backends/default/ops.py, quantize_4bit.
 */
export function quantizeNf4(values: Float32Array): Nf4 {
  const { length } = values
  const absmax = new Float32Array(Math.ceil(length / nf4Block))
  const packed = new Uint8Array(Math.ceil(length / 2)).fill(0x77)
  for (let b = 0; b < absmax.length; b++) {
    const block = values.subarray(b * nf4Block, (b + 1) * nf4Block)
    const whole = block.length === nf4Block
    let largest = 0
    for (const value of block) largest = Math.max(largest, Math.abs(value))
    const divisor = Math.max(largest, least)
    absmax[b] = whole ? largest : divisor
    const inverse = Math.fround(1 / divisor)
    for (let i = 0; i < block.length; i++) {
      const level = nearest(Math.fround(whole ? block[i]! * inverse : block[i]! / divisor))
      const at = b * nf4Block + i
      const half = at & 1
      packed[at >> 1] =
        half === 0 ? (level << 4) | (packed[at >> 1]! & 0x0f) : (packed[at >> 1]! & 0xf0) | level
    }
  }
  return { packed, absmax, length }
}

/** The numbers that quantized ones stand for, in float32: `dequantize_4bit`. */
export function dequantizeNf4({ packed, absmax, length }: Nf4): Float32Array {
  const values = new Float32Array(length)
  for (let i = 0; i < length; i++) {
    const level = (i & 1) === 0 ? packed[i >> 1]! >> 4 : packed[i >> 1]! & 0x0f
    values[i] = levels[level]! * absmax[Math.floor(i / nf4Block)]!
  }
  return values
}

/** How many bounds are less: of two levels as near the lower one. */
function nearest(value: number): number {
  let level = 0
  for (let step = 8; step > 0; step >>= 1) if (bounds[level + step - 1]! < value) level += step
  return level
}
