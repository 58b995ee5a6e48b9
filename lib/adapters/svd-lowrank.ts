import * as ops from '../generated/ops.ts'
import { Tensor } from '../tensor.ts'

/**
 * About the first `q` singular vectors and values of a matrix, by a random projection and `niter` power iterations
 * (Halko et al., 2009, algorithm 5.1); `torch.svd_lowrank`, number for number where the generator stands alike.
 * @param matrix [M, N]
 * @param options.shape of the matrix, where it is recorded and does not say it
 * @param options.start the random projection, [min(M, N), q]. Default: drawn here
 * @returns u [M, q], s [q], v [N, q]
 */
export function svdLowrank(
  matrix: Tensor,
  {
    q,
    niter,
    shape = matrix.shape as [number, number],
    start,
  }: {
    q: number
    niter: number
    shape?: readonly [rows: number, columns: number] | undefined
    start?: Tensor | undefined
  },
): { u: Tensor; s: Tensor; v: Tensor } {
  const [rows, columns] = shape
  const tall = rows < columns ? matrix.t() : matrix // [m, n], m >= n
  const orthonormal = (columnsOf: Tensor) => ops.linalgQr(columnsOf)[0]
  const drawn = () => {
    const { device, dtype } = matrix
    return Tensor.randn([Math.min(rows, columns), q], { device, dtype })
  }
  let basis = orthonormal(ops.matmul(tall, start ?? drawn())) // [m, q]
  for (let i = 0; i < niter; i++) {
    basis = orthonormal(ops.matmul(tall.t(), basis)) // [n, q]
    basis = orthonormal(ops.matmul(tall, basis)) // [m, q]
  }
  const [inner, s, vh] = ops.linalgSvd(ops.matmul(basis.t(), tall), { fullMatrices: false }) // [q, q], [q], [q, n]
  const u = ops.matmul(basis, inner) // [m, q]
  const v = vh.t() // [n, q]
  return rows < columns ? { u: v, s, v: u } : { u, s, v }
}
