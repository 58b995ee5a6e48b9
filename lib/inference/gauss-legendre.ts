/** Where a function on [0, 1] is read, and what each value counts for. */
export interface Quadrature {
  nodes: number[]
  weights: number[]
}

/**
 * Gauss-Legendre quadrature on [0, 1]: exact for polynomials up to degree 2n - 1. Nodes are the roots of the n-th
 * Legendre polynomial, by Newton's method (Press et al., Numerical Recipes, 4.6).
 */
export function gaussLegendre(n: number): Quadrature {
  const nodes: number[] = new Array(n)
  const weights: number[] = new Array(n)
  for (let i = 0; i < (n + 1) / 2; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 100; step++) {
      let [before, value] = [0, 1]
      for (let k = 1; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k]
      slope = (n * (x * value - before)) / (x * x - 1)
      const change = value / slope
      x -= change
      if (Math.abs(change) < 1e-15) break
    }
    nodes[i] = (1 - x) / 2
    nodes[n - 1 - i] = (1 + x) / 2
    weights[i] = weights[n - 1 - i] = 1 / ((1 - x * x) * slope * slope)
  }
  return { nodes, weights }
}
