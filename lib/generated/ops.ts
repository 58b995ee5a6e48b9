// Written by scripts/generate-ops.ts from libtorch's schemas: `npm run generate`.
import { define } from '../overloads.ts'
import type { Reduction, Scalar } from '../overloads.ts'
import '../tensor.ts'
import type { Device, DType, Tensor } from '../tensor.ts'

/** `aten::_foreach_abs(Tensor[] self) -> Tensor[]` */
export const foreachAbs: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_abs', [''])

/** `aten::_foreach_abs_(Tensor(a!)[] self) -> ()` */
export const foreachAbs_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_abs_', [''])

/** `aten::_foreach_acos(Tensor[] self) -> Tensor[]` */
export const foreachAcos: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_acos', [''])

/** `aten::_foreach_acos_(Tensor(a!)[] self) -> ()` */
export const foreachAcos_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_acos_', [''])

/**
 * - `aten::_foreach_add.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_add.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_add.List(Tensor[] self, Tensor[] other, *, Scalar alpha=1) -> Tensor[]`
 * - `aten::_foreach_add.Tensor(Tensor[] self, Tensor other, *, Scalar alpha=1) -> Tensor[]`
 */
export const foreachAdd: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[]): Tensor[]
  (self: readonly Tensor[], other: readonly Tensor[] | Tensor, options?: { alpha?: Scalar | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_add', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/**
 * - `aten::_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_add_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()`
 * - `aten::_foreach_add_.Tensor(Tensor(a!)[] self, Tensor other, *, Scalar alpha=1) -> ()`
 */
export const foreachAdd_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[]): void
  (self: readonly Tensor[], other: readonly Tensor[] | Tensor, options?: { alpha?: Scalar | undefined }): void
} = /* @__PURE__ */ define('aten::_foreach_add_', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/**
 * - `aten::_foreach_addcdiv.Scalar(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> Tensor[]`
 * - `aten::_foreach_addcdiv.ScalarList(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_addcdiv.Tensor(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> Tensor[]`
 */
export const foreachAddcdiv: {
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: Scalar): Tensor[]
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], options: { value?: Scalar | undefined }): Tensor[]
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], scalars: readonly Scalar[] | Tensor): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_addcdiv', ['Scalar', 'ScalarList', 'Tensor'])

/**
 * - `aten::_foreach_addcdiv_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()`
 * - `aten::_foreach_addcdiv_.ScalarList(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar[] scalars) -> ()`
 * - `aten::_foreach_addcdiv_.Tensor(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> ()`
 */
export const foreachAddcdiv_: {
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: Scalar): void
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], options: { value?: Scalar | undefined }): void
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], scalars: readonly Scalar[] | Tensor): void
} = /* @__PURE__ */ define('aten::_foreach_addcdiv_', ['Scalar', 'ScalarList', 'Tensor'])

/**
 * - `aten::_foreach_addcmul.Scalar(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> Tensor[]`
 * - `aten::_foreach_addcmul.ScalarList(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_addcmul.Tensor(Tensor[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> Tensor[]`
 */
export const foreachAddcmul: {
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: Scalar): Tensor[]
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], options: { value?: Scalar | undefined }): Tensor[]
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], scalars: readonly Scalar[] | Tensor): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_addcmul', ['Scalar', 'ScalarList', 'Tensor'])

/**
 * - `aten::_foreach_addcmul_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()`
 * - `aten::_foreach_addcmul_.ScalarList(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar[] scalars) -> ()`
 * - `aten::_foreach_addcmul_.Tensor(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Tensor scalars) -> ()`
 */
export const foreachAddcmul_: {
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], value?: Scalar): void
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], options: { value?: Scalar | undefined }): void
  (self: readonly Tensor[], tensor1: readonly Tensor[], tensor2: readonly Tensor[], scalars: readonly Scalar[] | Tensor): void
} = /* @__PURE__ */ define('aten::_foreach_addcmul_', ['Scalar', 'ScalarList', 'Tensor'])

/** `aten::_foreach_asin(Tensor[] self) -> Tensor[]` */
export const foreachAsin: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_asin', [''])

/** `aten::_foreach_asin_(Tensor(a!)[] self) -> ()` */
export const foreachAsin_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_asin_', [''])

/** `aten::_foreach_atan(Tensor[] self) -> Tensor[]` */
export const foreachAtan: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_atan', [''])

/** `aten::_foreach_atan_(Tensor(a!)[] self) -> ()` */
export const foreachAtan_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_atan_', [''])

/** `aten::_foreach_ceil(Tensor[] self) -> Tensor[]` */
export const foreachCeil: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_ceil', [''])

/** `aten::_foreach_ceil_(Tensor(a!)[] self) -> ()` */
export const foreachCeil_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_ceil_', [''])

/**
 * - `aten::_foreach_clamp_max.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_clamp_max.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_clamp_max.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 */
export const foreachClampMax: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_clamp_max', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_clamp_max_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_clamp_max_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_clamp_max_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 */
export const foreachClampMax_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_clamp_max_', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_clamp_min.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_clamp_min.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_clamp_min.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 */
export const foreachClampMin: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_clamp_min', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_clamp_min_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_clamp_min_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_clamp_min_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 */
export const foreachClampMin_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_clamp_min_', ['Scalar', 'ScalarList', 'List'])

/** `aten::_foreach_copy(Tensor[] self, Tensor[] src, bool non_blocking=False) -> Tensor[] self_out` */
export const foreachCopy: {
  (self: readonly Tensor[], src: readonly Tensor[], options?: { nonBlocking?: boolean | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_copy', [''])

/** `aten::_foreach_copy_(Tensor(a!)[] self, Tensor[] src, bool non_blocking=False) -> ()` */
export const foreachCopy_: {
  (self: readonly Tensor[], src: readonly Tensor[], options?: { nonBlocking?: boolean | undefined }): void
} = /* @__PURE__ */ define('aten::_foreach_copy_', [''])

/** `aten::_foreach_cos(Tensor[] self) -> Tensor[]` */
export const foreachCos: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_cos', [''])

/** `aten::_foreach_cos_(Tensor(a!)[] self) -> ()` */
export const foreachCos_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_cos_', [''])

/** `aten::_foreach_cosh(Tensor[] self) -> Tensor[]` */
export const foreachCosh: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_cosh', [''])

/** `aten::_foreach_cosh_(Tensor(a!)[] self) -> ()` */
export const foreachCosh_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_cosh_', [''])

/**
 * - `aten::_foreach_div.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_div.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_div.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 * - `aten::_foreach_div.Tensor(Tensor[] self, Tensor other) -> Tensor[]`
 */
export const foreachDiv: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[] | Tensor): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_div', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/**
 * - `aten::_foreach_div_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_div_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_div_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 * - `aten::_foreach_div_.Tensor(Tensor(a!)[] self, Tensor other) -> ()`
 */
export const foreachDiv_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[] | Tensor): void
} = /* @__PURE__ */ define('aten::_foreach_div_', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/** `aten::_foreach_erf(Tensor[] self) -> Tensor[]` */
export const foreachErf: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_erf', [''])

/** `aten::_foreach_erf_(Tensor(a!)[] self) -> ()` */
export const foreachErf_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_erf_', [''])

/** `aten::_foreach_erfc(Tensor[] self) -> Tensor[]` */
export const foreachErfc: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_erfc', [''])

/** `aten::_foreach_erfc_(Tensor(a!)[] self) -> ()` */
export const foreachErfc_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_erfc_', [''])

/** `aten::_foreach_exp(Tensor[] self) -> Tensor[]` */
export const foreachExp: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_exp', [''])

/** `aten::_foreach_exp_(Tensor(a!)[] self) -> ()` */
export const foreachExp_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_exp_', [''])

/** `aten::_foreach_expm1(Tensor[] self) -> Tensor[]` */
export const foreachExpm1: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_expm1', [''])

/** `aten::_foreach_expm1_(Tensor(a!)[] self) -> ()` */
export const foreachExpm1_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_expm1_', [''])

/** `aten::_foreach_floor(Tensor[] self) -> Tensor[]` */
export const foreachFloor: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_floor', [''])

/** `aten::_foreach_floor_(Tensor(a!)[] self) -> ()` */
export const foreachFloor_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_floor_', [''])

/** `aten::_foreach_frac(Tensor[] self) -> Tensor[]` */
export const foreachFrac: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_frac', [''])

/** `aten::_foreach_frac_(Tensor(a!)[] self) -> ()` */
export const foreachFrac_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_frac_', [''])

/**
 * - `aten::_foreach_lerp.Scalar(Tensor[] self, Tensor[] tensors1, Scalar weight) -> Tensor[]`
 * - `aten::_foreach_lerp.ScalarList(Tensor[] self, Tensor[] tensors1, Scalar[] weight) -> Tensor[]`
 * - `aten::_foreach_lerp.List(Tensor[] self, Tensor[] tensors1, Tensor[] weights) -> Tensor[]`
 */
export const foreachLerp: {
  (self: readonly Tensor[], tensors1: readonly Tensor[], weight: Scalar | readonly Scalar[] | readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_lerp', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_lerp_.Scalar(Tensor(a!)[] self, Tensor[] tensors1, Scalar weight) -> ()`
 * - `aten::_foreach_lerp_.ScalarList(Tensor(a!)[] self, Tensor[] tensors1, Scalar[] weight) -> ()`
 * - `aten::_foreach_lerp_.List(Tensor(a!)[] self, Tensor[] tensors1, Tensor[] weights) -> ()`
 */
export const foreachLerp_: {
  (self: readonly Tensor[], tensors1: readonly Tensor[], weight: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_lerp_', ['Scalar', 'ScalarList', 'List'])

/** `aten::_foreach_lgamma(Tensor[] self) -> Tensor[]` */
export const foreachLgamma: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_lgamma', [''])

/** `aten::_foreach_lgamma_(Tensor(a!)[] self) -> ()` */
export const foreachLgamma_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_lgamma_', [''])

/** `aten::_foreach_log(Tensor[] self) -> Tensor[]` */
export const foreachLog: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_log', [''])

/** `aten::_foreach_log10(Tensor[] self) -> Tensor[]` */
export const foreachLog10: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_log10', [''])

/** `aten::_foreach_log10_(Tensor(a!)[] self) -> ()` */
export const foreachLog10_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_log10_', [''])

/** `aten::_foreach_log1p(Tensor[] self) -> Tensor[]` */
export const foreachLog1p: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_log1p', [''])

/** `aten::_foreach_log1p_(Tensor(a!)[] self) -> ()` */
export const foreachLog1p_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_log1p_', [''])

/** `aten::_foreach_log2(Tensor[] self) -> Tensor[]` */
export const foreachLog2: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_log2', [''])

/** `aten::_foreach_log2_(Tensor(a!)[] self) -> ()` */
export const foreachLog2_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_log2_', [''])

/** `aten::_foreach_log_(Tensor(a!)[] self) -> ()` */
export const foreachLog_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_log_', [''])

/** `aten::_foreach_max(Tensor[] self) -> Tensor[]` */
export const foreachMax: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_max', [''])

/**
 * - `aten::_foreach_maximum.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_maximum.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_maximum.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 */
export const foreachMaximum: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_maximum', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_maximum_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_maximum_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_maximum_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 */
export const foreachMaximum_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_maximum_', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_minimum.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_minimum.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_minimum.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 */
export const foreachMinimum: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_minimum', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_minimum_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_minimum_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_minimum_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 */
export const foreachMinimum_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_minimum_', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_mul.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_mul.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_mul.List(Tensor[] self, Tensor[] other) -> Tensor[]`
 * - `aten::_foreach_mul.Tensor(Tensor[] self, Tensor other) -> Tensor[]`
 */
export const foreachMul: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[] | Tensor): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_mul', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/**
 * - `aten::_foreach_mul_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_mul_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_mul_.List(Tensor(a!)[] self, Tensor[] other) -> ()`
 * - `aten::_foreach_mul_.Tensor(Tensor(a!)[] self, Tensor other) -> ()`
 */
export const foreachMul_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[] | readonly Tensor[] | Tensor): void
} = /* @__PURE__ */ define('aten::_foreach_mul_', ['Scalar', 'ScalarList', 'List', 'Tensor'])

/** `aten::_foreach_neg(Tensor[] self) -> Tensor[]` */
export const foreachNeg: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_neg', [''])

/** `aten::_foreach_neg_(Tensor(a!)[] self) -> ()` */
export const foreachNeg_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_neg_', [''])

/** `aten::_foreach_norm.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]` */
export const foreachNorm: {
  (self: readonly Tensor[], ord?: Scalar, dtype?: DType | null): Tensor[]
  (self: readonly Tensor[], options: { ord?: Scalar | undefined; dtype?: DType | null | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_norm', ['Scalar'])

/**
 * - `aten::_foreach_pow.ScalarAndTensor(Scalar self, Tensor[] exponent) -> Tensor[]`
 * - `aten::_foreach_pow.Scalar(Tensor[] self, Scalar exponent) -> Tensor[]`
 * - `aten::_foreach_pow.ScalarList(Tensor[] self, Scalar[] exponent) -> Tensor[]`
 * - `aten::_foreach_pow.List(Tensor[] self, Tensor[] exponent) -> Tensor[]`
 */
export const foreachPow: {
  (self: Scalar | readonly Tensor[], exponent: readonly Tensor[]): Tensor[]
  (self: readonly Tensor[], exponent: Scalar | readonly Scalar[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_pow', ['ScalarAndTensor', 'Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_pow_.Scalar(Tensor(a!)[] self, Scalar exponent) -> ()`
 * - `aten::_foreach_pow_.ScalarList(Tensor(a!)[] self, Scalar[] exponent) -> ()`
 * - `aten::_foreach_pow_.List(Tensor(a!)[] self, Tensor[] exponent) -> ()`
 */
export const foreachPow_: {
  (self: readonly Tensor[], exponent: Scalar | readonly Scalar[] | readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_pow_', ['Scalar', 'ScalarList', 'List'])

/** `aten::_foreach_powsum.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]` */
export const foreachPowsum: {
  (self: readonly Tensor[], ord?: Scalar, dtype?: DType | null): Tensor[]
  (self: readonly Tensor[], options: { ord?: Scalar | undefined; dtype?: DType | null | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_powsum', ['Scalar'])

/** `aten::_foreach_reciprocal(Tensor[] self) -> Tensor[]` */
export const foreachReciprocal: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_reciprocal', [''])

/** `aten::_foreach_reciprocal_(Tensor(a!)[] self) -> ()` */
export const foreachReciprocal_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_reciprocal_', [''])

/** `aten::_foreach_round(Tensor[] self) -> Tensor[]` */
export const foreachRound: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_round', [''])

/** `aten::_foreach_round_(Tensor(a!)[] self) -> ()` */
export const foreachRound_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_round_', [''])

/** `aten::_foreach_rsqrt(Tensor[] self) -> Tensor[]` */
export const foreachRsqrt: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_rsqrt', [''])

/** `aten::_foreach_rsqrt_(Tensor(a!)[] self) -> ()` */
export const foreachRsqrt_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_rsqrt_', [''])

/** `aten::_foreach_sigmoid(Tensor[] self) -> Tensor[]` */
export const foreachSigmoid: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sigmoid', [''])

/** `aten::_foreach_sigmoid_(Tensor(a!)[] self) -> ()` */
export const foreachSigmoid_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_sigmoid_', [''])

/** `aten::_foreach_sign(Tensor[] self) -> Tensor[]` */
export const foreachSign: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sign', [''])

/** `aten::_foreach_sign_(Tensor(a!)[] self) -> ()` */
export const foreachSign_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_sign_', [''])

/** `aten::_foreach_sin(Tensor[] self) -> Tensor[]` */
export const foreachSin: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sin', [''])

/** `aten::_foreach_sin_(Tensor(a!)[] self) -> ()` */
export const foreachSin_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_sin_', [''])

/** `aten::_foreach_sinh(Tensor[] self) -> Tensor[]` */
export const foreachSinh: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sinh', [''])

/** `aten::_foreach_sinh_(Tensor(a!)[] self) -> ()` */
export const foreachSinh_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_sinh_', [''])

/** `aten::_foreach_sqrt(Tensor[] self) -> Tensor[]` */
export const foreachSqrt: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sqrt', [''])

/** `aten::_foreach_sqrt_(Tensor(a!)[] self) -> ()` */
export const foreachSqrt_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_sqrt_', [''])

/**
 * - `aten::_foreach_sub.Scalar(Tensor[] self, Scalar scalar) -> Tensor[]`
 * - `aten::_foreach_sub.ScalarList(Tensor[] self, Scalar[] scalars) -> Tensor[]`
 * - `aten::_foreach_sub.List(Tensor[] self, Tensor[] other, *, Scalar alpha=1) -> Tensor[]`
 */
export const foreachSub: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[]): Tensor[]
  (self: readonly Tensor[], other: readonly Tensor[], options?: { alpha?: Scalar | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_sub', ['Scalar', 'ScalarList', 'List'])

/**
 * - `aten::_foreach_sub_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()`
 * - `aten::_foreach_sub_.ScalarList(Tensor(a!)[] self, Scalar[] scalars) -> ()`
 * - `aten::_foreach_sub_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()`
 */
export const foreachSub_: {
  (self: readonly Tensor[], scalar: Scalar | readonly Scalar[]): void
  (self: readonly Tensor[], other: readonly Tensor[], options?: { alpha?: Scalar | undefined }): void
} = /* @__PURE__ */ define('aten::_foreach_sub_', ['Scalar', 'ScalarList', 'List'])

/** `aten::_foreach_tan(Tensor[] self) -> Tensor[]` */
export const foreachTan: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_tan', [''])

/** `aten::_foreach_tan_(Tensor(a!)[] self) -> ()` */
export const foreachTan_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_tan_', [''])

/** `aten::_foreach_tanh(Tensor[] self) -> Tensor[]` */
export const foreachTanh: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_tanh', [''])

/** `aten::_foreach_tanh_(Tensor(a!)[] self) -> ()` */
export const foreachTanh_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_tanh_', [''])

/** `aten::_foreach_trunc(Tensor[] self) -> Tensor[]` */
export const foreachTrunc: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_trunc', [''])

/** `aten::_foreach_trunc_(Tensor(a!)[] self) -> ()` */
export const foreachTrunc_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_trunc_', [''])

/** `aten::_foreach_zero(Tensor[] self) -> Tensor[] self_out` */
export const foreachZero: {
  (self: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::_foreach_zero', [''])

/** `aten::_foreach_zero_(Tensor(a!)[] self) -> ()` */
export const foreachZero_: {
  (self: readonly Tensor[]): void
} = /* @__PURE__ */ define('aten::_foreach_zero_', [''])

/**
 * - `aten::_fused_adagrad(Tensor[] self, Tensor[] grads, Tensor[] state_sums, Tensor[] state_steps, *, float lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] state_sums_out, Tensor[] state_steps_out)`
 * - `aten::_fused_adagrad.tensor_lr(Tensor[] self, Tensor[] grads, Tensor[] state_sums, Tensor[] state_steps, *, Tensor lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] state_sums_out)`
 */
export const fusedAdagrad: {
  (self: readonly Tensor[], grads: readonly Tensor[], stateSums: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; lrDecay: number; weightDecay: number; eps: number; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[], Tensor[]]
  (self: readonly Tensor[], grads: readonly Tensor[], stateSums: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; lrDecay: number; weightDecay: number; eps: number; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[]]
} = /* @__PURE__ */ define('aten::_fused_adagrad', ['', 'tensor_lr'])

/**
 * - `aten::_fused_adagrad_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] state_sums, Tensor(d!)[] state_steps, *, float lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 * - `aten::_fused_adagrad_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] state_sums, Tensor[] state_steps, *, Tensor lr, float lr_decay, float weight_decay, float eps, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 */
export const fusedAdagrad_: {
  (self: readonly Tensor[], grads: readonly Tensor[], stateSums: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; lrDecay: number; weightDecay: number; eps: number; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
  (self: readonly Tensor[], grads: readonly Tensor[], stateSums: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; lrDecay: number; weightDecay: number; eps: number; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
} = /* @__PURE__ */ define('aten::_fused_adagrad_', ['', 'tensor_lr'])

/**
 * - `aten::_fused_adam(Tensor[] self, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] exp_avgs_out, Tensor[] exp_avg_sqs_out, Tensor[] max_exp_avg_sqs_out)`
 * - `aten::_fused_adam.tensor_lr(Tensor[] self, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] exp_avgs_out, Tensor[] exp_avg_sqs_out, Tensor[] max_exp_avg_sqs_out)`
 */
export const fusedAdam: {
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]]
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]]
} = /* @__PURE__ */ define('aten::_fused_adam', ['', 'tensor_lr'])

/**
 * - `aten::_fused_adam_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 * - `aten::_fused_adam_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 */
export const fusedAdam_: {
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
} = /* @__PURE__ */ define('aten::_fused_adam_', ['', 'tensor_lr'])

/**
 * - `aten::_fused_adamw(Tensor[] self, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] exp_avgs_out, Tensor[] exp_avg_sqs_out, Tensor[] max_exp_avg_sqs_out)`
 * - `aten::_fused_adamw.tensor_lr(Tensor[] self, Tensor[] grads, Tensor[] exp_avgs, Tensor[] exp_avg_sqs, Tensor[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] exp_avgs_out, Tensor[] exp_avg_sqs_out, Tensor[] max_exp_avg_sqs_out)`
 */
export const fusedAdamw: {
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]]
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]]
} = /* @__PURE__ */ define('aten::_fused_adamw', ['', 'tensor_lr'])

/**
 * - `aten::_fused_adamw_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, float lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 * - `aten::_fused_adamw_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] exp_avgs, Tensor(d!)[] exp_avg_sqs, Tensor(e!)[] max_exp_avg_sqs, Tensor[] state_steps, *, Tensor lr, float beta1, float beta2, float weight_decay, float eps, bool amsgrad, bool maximize, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 */
export const fusedAdamw_: {
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: number; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
  (self: readonly Tensor[], grads: readonly Tensor[], expAvgs: readonly Tensor[], expAvgSqs: readonly Tensor[], maxExpAvgSqs: readonly Tensor[], stateSteps: readonly Tensor[], options: { lr: Tensor; beta1: number; beta2: number; weightDecay: number; eps: number; amsgrad: boolean; maximize: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
} = /* @__PURE__ */ define('aten::_fused_adamw_', ['', 'tensor_lr'])

/** `aten::_fused_dropout(Tensor self, float p, Generator? generator=None) -> (Tensor, Tensor)` */
export const fusedDropout: {
  (self: Tensor, p: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::_fused_dropout', [''])

/** `aten::_fused_moving_avg_obs_fq_helper_functional(Tensor self, Tensor observer_on, Tensor fake_quant_on, Tensor running_min, Tensor running_max, Tensor scale, Tensor zero_point, float averaging_const, int quant_min, int quant_max, int ch_axis, bool per_row_fake_quant=False, bool symmetric_quant=False) -> (Tensor output, Tensor mask, Tensor running_min_out, Tensor running_max_out, Tensor scale_out, Tensor zero_point_out)` */
export const fusedMovingAvgObsFqHelperFunctional: {
  (self: Tensor, observerOn: Tensor, fakeQuantOn: Tensor, runningMin: Tensor, runningMax: Tensor, scale: Tensor, zeroPoint: Tensor, averagingConst: number, quantMin: number, quantMax: number, chAxis: number, options?: { perRowFakeQuant?: boolean | undefined; symmetricQuant?: boolean | undefined }): [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::_fused_moving_avg_obs_fq_helper_functional', [''])

/** `aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)` */
export const fusedRmsNorm: {
  (input: Tensor, normalizedShape: readonly number[], weight: Tensor | null, eps: number | null): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::_fused_rms_norm', [''])

/** `aten::_fused_sdp_choice(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> int` */
export const fusedSdpChoice: {
  (query: Tensor, key: Tensor, value: Tensor, attnMask?: Tensor | null, dropoutP?: number, options?: { isCausal?: boolean | undefined; scale?: number | null | undefined; enableGqa?: boolean | undefined }): number
  (query: Tensor, key: Tensor, value: Tensor, options: { attnMask?: Tensor | null | undefined; dropoutP?: number | undefined; isCausal?: boolean | undefined; scale?: number | null | undefined; enableGqa?: boolean | undefined }): number
} = /* @__PURE__ */ define('aten::_fused_sdp_choice', [''])

/**
 * - `aten::_fused_sgd(Tensor[] self, Tensor[] grads, Tensor[] momentum_buffer_list, *, float weight_decay, float momentum, float lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] momentum_buffer_list_out)`
 * - `aten::_fused_sgd.tensor_lr(Tensor[] self, Tensor[] grads, Tensor[] momentum_buffer_list, *, float weight_decay, float momentum, Tensor lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> (Tensor[] self_out, Tensor[] grads_out, Tensor[] momentum_buffer_list_out)`
 */
export const fusedSgd: {
  (self: readonly Tensor[], grads: readonly Tensor[], momentumBufferList: readonly Tensor[], options: { weightDecay: number; momentum: number; lr: number; dampening: number; nesterov: boolean; maximize: boolean; isFirstStep: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[]]
  (self: readonly Tensor[], grads: readonly Tensor[], momentumBufferList: readonly Tensor[], options: { weightDecay: number; momentum: number; lr: Tensor; dampening: number; nesterov: boolean; maximize: boolean; isFirstStep: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): [Tensor[], Tensor[], Tensor[]]
} = /* @__PURE__ */ define('aten::_fused_sgd', ['', 'tensor_lr'])

/**
 * - `aten::_fused_sgd_(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, float weight_decay, float momentum, float lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 * - `aten::_fused_sgd_.tensor_lr(Tensor(a!)[] self, Tensor(b!)[] grads, Tensor(c!)[] momentum_buffer_list, *, float weight_decay, float momentum, Tensor lr, float dampening, bool nesterov, bool maximize, bool is_first_step, Tensor? grad_scale=None, Tensor? found_inf=None) -> ()`
 */
export const fusedSgd_: {
  (self: readonly Tensor[], grads: readonly Tensor[], momentumBufferList: readonly Tensor[], options: { weightDecay: number; momentum: number; lr: number; dampening: number; nesterov: boolean; maximize: boolean; isFirstStep: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
  (self: readonly Tensor[], grads: readonly Tensor[], momentumBufferList: readonly Tensor[], options: { weightDecay: number; momentum: number; lr: Tensor; dampening: number; nesterov: boolean; maximize: boolean; isFirstStep: boolean; gradScale?: Tensor | null | undefined; foundInf?: Tensor | null | undefined }): void
} = /* @__PURE__ */ define('aten::_fused_sgd_', ['', 'tensor_lr'])

/** `aten::abs(Tensor self) -> Tensor` */
export const abs: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::abs', [''])

/** `aten::abs_(Tensor(a!) self) -> Tensor(a!)` */
export const abs_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::abs_', [''])

/** `aten::absolute(Tensor self) -> Tensor` */
export const absolute: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::absolute', [''])

/** `aten::absolute_(Tensor(a!) self) -> Tensor(a!)` */
export const absolute_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::absolute_', [''])

/** `aten::acos(Tensor self) -> Tensor` */
export const acos: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::acos', [''])

/** `aten::acos_(Tensor(a!) self) -> Tensor(a!)` */
export const acos_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::acos_', [''])

/** `aten::acosh(Tensor self) -> Tensor` */
export const acosh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::acosh', [''])

/** `aten::acosh_(Tensor(a!) self) -> Tensor(a!)` */
export const acosh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::acosh_', [''])

/** `aten::adaptive_avg_pool1d(Tensor self, int[1] output_size) -> Tensor` */
export const adaptiveAvgPool1d: {
  (self: Tensor, outputSize: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::adaptive_avg_pool1d', [''])

/** `aten::adaptive_avg_pool2d(Tensor self, SymInt[2] output_size) -> Tensor` */
export const adaptiveAvgPool2d: {
  (self: Tensor, outputSize: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::adaptive_avg_pool2d', [''])

/** `aten::adaptive_avg_pool3d(Tensor self, SymInt[3] output_size) -> Tensor` */
export const adaptiveAvgPool3d: {
  (self: Tensor, outputSize: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::adaptive_avg_pool3d', [''])

/** `aten::adaptive_max_pool1d(Tensor self, int[1] output_size) -> (Tensor, Tensor)` */
export const adaptiveMaxPool1d: {
  (self: Tensor, outputSize: number | readonly number[]): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::adaptive_max_pool1d', [''])

/** `aten::adaptive_max_pool2d(Tensor self, int[2] output_size) -> (Tensor, Tensor)` */
export const adaptiveMaxPool2d: {
  (self: Tensor, outputSize: number | readonly number[]): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::adaptive_max_pool2d', [''])

/** `aten::adaptive_max_pool3d(Tensor self, int[3] output_size) -> (Tensor, Tensor)` */
export const adaptiveMaxPool3d: {
  (self: Tensor, outputSize: number | readonly number[]): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::adaptive_max_pool3d', [''])

/** `aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
export const add: {
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::add', ['Tensor'])

/** `aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
export const add_: {
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::add_', ['Tensor'])

/** `aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
export const addbmm: {
  (self: Tensor, batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addbmm', [''])

/** `aten::addbmm_(Tensor(a!) self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
export const addbmm_: {
  (self: Tensor, batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addbmm_', [''])

/** `aten::addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` */
export const addcdiv: {
  (self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addcdiv', [''])

/** `aten::addcdiv_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)` */
export const addcdiv_: {
  (self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addcdiv_', [''])

/** `aten::addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor` */
export const addcmul: {
  (self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addcmul', [''])

/** `aten::addcmul_(Tensor(a!) self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor(a!)` */
export const addcmul_: {
  (self: Tensor, tensor1: Tensor, tensor2: Tensor, options?: { value?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addcmul_', [''])

/**
 * - `aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
 * - `aten::addmm.dtype(Tensor self, Tensor mat1, Tensor mat2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
 */
export const addmm: {
  (self: Tensor, mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
  (self: Tensor, mat1: Tensor, mat2: Tensor, outDtype: DType, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addmm', ['', 'dtype'])

/** `aten::addmm_(Tensor(a!) self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
export const addmm_: {
  (self: Tensor, mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addmm_', [''])

/** `aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
export const addmv: {
  (self: Tensor, mat: Tensor, vec: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addmv', [''])

/** `aten::addmv_(Tensor(a!) self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
export const addmv_: {
  (self: Tensor, mat: Tensor, vec: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addmv_', [''])

/** `aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
export const addr: {
  (self: Tensor, vec1: Tensor, vec2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addr', [''])

/** `aten::addr_(Tensor(a!) self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
export const addr_: {
  (self: Tensor, vec1: Tensor, vec2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::addr_', [''])

/** `aten::adjoint(Tensor(a) self) -> Tensor(a)` */
export const adjoint: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::adjoint', [''])

/** `aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor` */
export const affineGridGenerator: {
  (theta: Tensor, size: readonly number[], alignCorners: boolean): Tensor
} = /* @__PURE__ */ define('aten::affine_grid_generator', [''])

/** `aten::alias(Tensor(a) self) -> Tensor(a)` */
export const alias: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::alias', [''])

/**
 * - `aten::all(Tensor self) -> Tensor`
 * - `aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor`
 * - `aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor`
 */
export const all: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, dim?: readonly number[] | null, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: readonly number[] | null | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::all', ['', 'dim', 'dims'])

/** `aten::allclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> bool` */
export const allclose: {
  (self: Tensor, other: Tensor, rtol?: number, atol?: number, options?: { equalNan?: boolean | undefined }): boolean
  (self: Tensor, other: Tensor, options: { rtol?: number | undefined; atol?: number | undefined; equalNan?: boolean | undefined }): boolean
} = /* @__PURE__ */ define('aten::allclose', [''])

/** `aten::alpha_dropout(Tensor input, float p, bool train) -> Tensor` */
export const alphaDropout: {
  (input: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::alpha_dropout', [''])

/** `aten::alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)` */
export const alphaDropout_: {
  (self: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::alpha_dropout_', [''])

/** `aten::amax(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor` */
export const amax: {
  (self: Tensor, dim?: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::amax', [''])

/** `aten::amin(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor` */
export const amin: {
  (self: Tensor, dim?: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::amin', [''])

/** `aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)` */
export const aminmax: {
  (self: Tensor, options?: { dim?: number | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::aminmax', [''])

/** `aten::angle(Tensor self) -> Tensor` */
export const angle: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::angle', [''])

/**
 * - `aten::any(Tensor self) -> Tensor`
 * - `aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor`
 * - `aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor`
 */
export const any: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, dim?: readonly number[] | null, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: readonly number[] | null | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::any', ['', 'dim', 'dims'])

/**
 * - `aten::arange.start_step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::arange.start(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::arange(Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const arange: {
  (start: Scalar, end: Scalar, step?: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Scalar, end: Scalar, options: { step?: Scalar | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Scalar, end: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (end: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::arange', ['start_step', 'start', ''])

/** `aten::arccos(Tensor self) -> Tensor` */
export const arccos: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arccos', [''])

/** `aten::arccos_(Tensor(a!) self) -> Tensor(a!)` */
export const arccos_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arccos_', [''])

/** `aten::arccosh(Tensor self) -> Tensor` */
export const arccosh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arccosh', [''])

/** `aten::arccosh_(Tensor(a!) self) -> Tensor(a!)` */
export const arccosh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arccosh_', [''])

/** `aten::arcsin(Tensor self) -> Tensor` */
export const arcsin: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arcsin', [''])

/** `aten::arcsin_(Tensor(a!) self) -> Tensor(a!)` */
export const arcsin_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arcsin_', [''])

/** `aten::arcsinh(Tensor self) -> Tensor` */
export const arcsinh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arcsinh', [''])

/** `aten::arcsinh_(Tensor(a!) self) -> Tensor(a!)` */
export const arcsinh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arcsinh_', [''])

/** `aten::arctan(Tensor self) -> Tensor` */
export const arctan: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctan', [''])

/** `aten::arctan2(Tensor self, Tensor other) -> Tensor` */
export const arctan2: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctan2', [''])

/** `aten::arctan2_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const arctan2_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctan2_', [''])

/** `aten::arctan_(Tensor(a!) self) -> Tensor(a!)` */
export const arctan_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctan_', [''])

/** `aten::arctanh(Tensor self) -> Tensor` */
export const arctanh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctanh', [''])

/** `aten::arctanh_(Tensor(a!) self) -> Tensor(a!)` */
export const arctanh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::arctanh_', [''])

/** `aten::argmax(Tensor self, int? dim=None, bool keepdim=False) -> Tensor` */
export const argmax: {
  (self: Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::argmax', [''])

/** `aten::argmin(Tensor self, int? dim=None, bool keepdim=False) -> Tensor` */
export const argmin: {
  (self: Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::argmin', [''])

/**
 * - `aten::argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor`
 * - `aten::argsort(Tensor self, int dim=-1, bool descending=False) -> Tensor`
 */
export const argsort: {
  (self: Tensor, options: { stable: boolean; dim?: number | undefined; descending?: boolean | undefined }): Tensor
  (self: Tensor, dim?: number, options?: { descending?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | undefined; descending?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::argsort', ['stable', ''])

/** `aten::argwhere(Tensor self) -> Tensor` */
export const argwhere: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::argwhere', [''])

/** `aten::as_strided(Tensor(a) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a)` */
export const asStrided: {
  (self: Tensor, size: readonly number[], stride: readonly number[], storageOffset?: number | null): Tensor
  (self: Tensor, size: readonly number[], stride: readonly number[], options: { storageOffset?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::as_strided', [''])

/** `aten::as_strided_(Tensor(a!) self, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor(a!)` */
export const asStrided_: {
  (self: Tensor, size: readonly number[], stride: readonly number[], storageOffset?: number | null): Tensor
  (self: Tensor, size: readonly number[], stride: readonly number[], options: { storageOffset?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::as_strided_', [''])

/** `aten::as_strided_scatter(Tensor self, Tensor src, SymInt[] size, SymInt[] stride, SymInt? storage_offset=None) -> Tensor` */
export const asStridedScatter: {
  (self: Tensor, src: Tensor, size: readonly number[], stride: readonly number[], storageOffset?: number | null): Tensor
  (self: Tensor, src: Tensor, size: readonly number[], stride: readonly number[], options: { storageOffset?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::as_strided_scatter', [''])

/** `aten::asin(Tensor self) -> Tensor` */
export const asin: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::asin', [''])

/** `aten::asin_(Tensor(a!) self) -> Tensor(a!)` */
export const asin_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::asin_', [''])

/** `aten::asinh(Tensor self) -> Tensor` */
export const asinh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::asinh', [''])

/** `aten::asinh_(Tensor(a!) self) -> Tensor(a!)` */
export const asinh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::asinh_', [''])

/** `aten::atan(Tensor self) -> Tensor` */
export const atan: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atan', [''])

/** `aten::atan2(Tensor self, Tensor other) -> Tensor` */
export const atan2: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atan2', [''])

/** `aten::atan2_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const atan2_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atan2_', [''])

/** `aten::atan_(Tensor(a!) self) -> Tensor(a!)` */
export const atan_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atan_', [''])

/** `aten::atanh(Tensor self) -> Tensor` */
export const atanh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atanh', [''])

/** `aten::atanh_(Tensor(a!) self) -> Tensor(a!)` */
export const atanh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::atanh_', [''])

/**
 * - `aten::atleast_1d(Tensor self) -> Tensor`
 * - `aten::atleast_1d.Sequence(Tensor[] tensors) -> Tensor[]`
 */
export const atleast1d: {
  (self: Tensor): Tensor
  (tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::atleast_1d', ['', 'Sequence'])

/**
 * - `aten::atleast_2d(Tensor self) -> Tensor`
 * - `aten::atleast_2d.Sequence(Tensor[] tensors) -> Tensor[]`
 */
export const atleast2d: {
  (self: Tensor): Tensor
  (tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::atleast_2d', ['', 'Sequence'])

/**
 * - `aten::atleast_3d(Tensor self) -> Tensor`
 * - `aten::atleast_3d.Sequence(Tensor[] tensors) -> Tensor[]`
 */
export const atleast3d: {
  (self: Tensor): Tensor
  (tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::atleast_3d', ['', 'Sequence'])

/** `aten::avg_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], bool ceil_mode=False, bool count_include_pad=True) -> Tensor` */
export const avgPool1d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], options?: { ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::avg_pool1d', [''])

/** `aten::avg_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor` */
export const avgPool2d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], options?: { ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined; divisorOverride?: number | null | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined; divisorOverride?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::avg_pool2d', [''])

/** `aten::avg_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, bool ceil_mode=False, bool count_include_pad=True, int? divisor_override=None) -> Tensor` */
export const avgPool3d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], options?: { ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined; divisorOverride?: number | null | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; ceilMode?: boolean | undefined; countIncludePad?: boolean | undefined; divisorOverride?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::avg_pool3d', [''])

/**
 * - `aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
 * - `aten::baddbmm.dtype(Tensor self, Tensor batch1, Tensor batch2, ScalarType out_dtype, *, Scalar beta=1, Scalar alpha=1) -> Tensor`
 */
export const baddbmm: {
  (self: Tensor, batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
  (self: Tensor, batch1: Tensor, batch2: Tensor, outDtype: DType, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::baddbmm', ['', 'dtype'])

/** `aten::baddbmm_(Tensor(a!) self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor(a!)` */
export const baddbmm_: {
  (self: Tensor, batch1: Tensor, batch2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::baddbmm_', [''])

/**
 * - `aten::bartlett_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::bartlett_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const bartlettWindow: {
  (windowLength: number, periodic: boolean, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::bartlett_window', ['periodic', ''])

/** `aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor` */
export const batchNorm: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, runningMean: Tensor | null, runningVar: Tensor | null, training: boolean, momentum: number, eps: number, cudnnEnabled: boolean): Tensor
} = /* @__PURE__ */ define('aten::batch_norm', [''])

/** `aten::batch_norm_elemt(Tensor input, Tensor? weight, Tensor? bias, Tensor mean, Tensor invstd, float eps) -> Tensor` */
export const batchNormElemt: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, mean: Tensor, invstd: Tensor, eps: number): Tensor
} = /* @__PURE__ */ define('aten::batch_norm_elemt', [''])

/** `aten::batch_norm_gather_stats(Tensor input, Tensor mean, Tensor invstd, Tensor? running_mean, Tensor? running_var, float momentum, float eps, int count) -> (Tensor, Tensor)` */
export const batchNormGatherStats: {
  (input: Tensor, mean: Tensor, invstd: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, momentum: number, eps: number, count: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::batch_norm_gather_stats', [''])

/** `aten::batch_norm_gather_stats_with_counts(Tensor input, Tensor mean, Tensor invstd, Tensor? running_mean, Tensor? running_var, float momentum, float eps, Tensor counts) -> (Tensor, Tensor)` */
export const batchNormGatherStatsWithCounts: {
  (input: Tensor, mean: Tensor, invstd: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, momentum: number, eps: number, counts: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::batch_norm_gather_stats_with_counts', [''])

/** `aten::batch_norm_stats(Tensor input, float eps) -> (Tensor, Tensor)` */
export const batchNormStats: {
  (input: Tensor, eps: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::batch_norm_stats', [''])

/** `aten::batch_norm_update_stats(Tensor input, Tensor? running_mean, Tensor? running_var, float momentum) -> (Tensor, Tensor)` */
export const batchNormUpdateStats: {
  (input: Tensor, runningMean: Tensor | null, runningVar: Tensor | null, momentum: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::batch_norm_update_stats', [''])

/**
 * - `aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor`
 * - `aten::bernoulli.p(Tensor self, float p, *, Generator? generator=None) -> Tensor`
 * - `aten::bernoulli.Tensor(Tensor self, Tensor p, *, Generator? generator=None) -> Tensor`
 */
export const bernoulli: {
  (self: Tensor): Tensor
  (self: Tensor, p: number | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bernoulli', ['', 'p', 'Tensor'])

/**
 * - `aten::bernoulli_.float(Tensor(a!) self, float p=0.5, *, Generator? generator=None) -> Tensor(a!)`
 * - `aten::bernoulli_.Tensor(Tensor(a!) self, Tensor p, *, Generator? generator=None) -> Tensor(a!)`
 */
export const bernoulli_: {
  (self: Tensor, p?: number): Tensor
  (self: Tensor, options: { p?: number | undefined }): Tensor
  (self: Tensor, p: Tensor): Tensor
} = /* @__PURE__ */ define('aten::bernoulli_', ['float', 'Tensor'])

/** `aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor` */
export const bilinear: {
  (input1: Tensor, input2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor
  (input1: Tensor, input2: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::bilinear', [''])

/** `aten::binary_cross_entropy(Tensor self, Tensor target, Tensor? weight=None, int reduction=1) -> Tensor` */
export const binaryCrossEntropy: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::binary_cross_entropy', [''])

/** `aten::binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, Tensor? pos_weight=None, int reduction=1) -> Tensor` */
export const binaryCrossEntropyWithLogits: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, posWeight?: Tensor | null, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; posWeight?: Tensor | null | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::binary_cross_entropy_with_logits', [''])

/** `aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor` */
export const bincount: {
  (self: Tensor, weights?: Tensor | null, minlength?: number): Tensor
  (self: Tensor, options: { weights?: Tensor | null | undefined; minlength?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::bincount', [''])

/** `aten::binomial(Tensor count, Tensor prob, Generator? generator=None) -> Tensor` */
export const binomial: {
  (count: Tensor, prob: Tensor): Tensor
} = /* @__PURE__ */ define('aten::binomial', [''])

/**
 * - `aten::bitwise_and.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::bitwise_and.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::bitwise_and.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const bitwiseAnd: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::bitwise_and', ['Scalar_Tensor', 'Scalar', 'Tensor'])

/**
 * - `aten::bitwise_and_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::bitwise_and_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const bitwiseAnd_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_and_', ['Scalar', 'Tensor'])

/**
 * - `aten::bitwise_left_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::bitwise_left_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::bitwise_left_shift.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const bitwiseLeftShift: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::bitwise_left_shift', ['Scalar_Tensor', 'Tensor_Scalar', 'Tensor'])

/**
 * - `aten::bitwise_left_shift_.Tensor_Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::bitwise_left_shift_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const bitwiseLeftShift_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_left_shift_', ['Tensor_Scalar', 'Tensor'])

/** `aten::bitwise_not(Tensor self) -> Tensor` */
export const bitwiseNot: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_not', [''])

/** `aten::bitwise_not_(Tensor(a!) self) -> Tensor(a!)` */
export const bitwiseNot_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_not_', [''])

/**
 * - `aten::bitwise_or.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::bitwise_or.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::bitwise_or.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const bitwiseOr: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::bitwise_or', ['Scalar_Tensor', 'Scalar', 'Tensor'])

/**
 * - `aten::bitwise_or_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::bitwise_or_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const bitwiseOr_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_or_', ['Scalar', 'Tensor'])

/**
 * - `aten::bitwise_right_shift.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::bitwise_right_shift.Tensor_Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::bitwise_right_shift.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const bitwiseRightShift: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::bitwise_right_shift', ['Scalar_Tensor', 'Tensor_Scalar', 'Tensor'])

/**
 * - `aten::bitwise_right_shift_.Tensor_Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::bitwise_right_shift_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const bitwiseRightShift_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_right_shift_', ['Tensor_Scalar', 'Tensor'])

/**
 * - `aten::bitwise_xor.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::bitwise_xor.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::bitwise_xor.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const bitwiseXor: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::bitwise_xor', ['Scalar_Tensor', 'Scalar', 'Tensor'])

/**
 * - `aten::bitwise_xor_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::bitwise_xor_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const bitwiseXor_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::bitwise_xor_', ['Scalar', 'Tensor'])

/**
 * - `aten::blackman_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::blackman_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const blackmanWindow: {
  (windowLength: number, periodic: boolean, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::blackman_window', ['periodic', ''])

/** `aten::block_diag(Tensor[] tensors) -> Tensor` */
export const blockDiag: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::block_diag', [''])

/**
 * - `aten::bmm(Tensor self, Tensor mat2) -> Tensor`
 * - `aten::bmm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor`
 */
export const bmm: {
  (self: Tensor, mat2: Tensor): Tensor
  (self: Tensor, mat2: Tensor, outDtype: DType): Tensor
} = /* @__PURE__ */ define('aten::bmm', ['', 'dtype'])

/** `aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]` */
export const broadcastTensors: {
  (tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::broadcast_tensors', [''])

/** `aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)` */
export const broadcastTo: {
  (self: Tensor, size: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::broadcast_to', [''])

/**
 * - `aten::bucketize.Scalar(Scalar self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor`
 * - `aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor`
 */
export const bucketize: {
  (self: Scalar | Tensor, boundaries: Tensor, options?: { outInt32?: boolean | undefined; right?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::bucketize', ['Scalar', 'Tensor'])

/** `aten::can_cast(ScalarType from_, ScalarType to) -> bool` */
export const canCast: {
  (from_: DType, to: DType): boolean
} = /* @__PURE__ */ define('aten::can_cast', [''])

/** `aten::cartesian_prod(Tensor[] tensors) -> Tensor` */
export const cartesianProd: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::cartesian_prod', [''])

/** `aten::cat(Tensor[] tensors, int dim=0) -> Tensor` */
export const cat: {
  (tensors: readonly Tensor[], dim?: number): Tensor
  (tensors: readonly Tensor[], options: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cat', [''])

/** `aten::cauchy(Tensor self, float median=0., float sigma=1., *, Generator? generator=None) -> Tensor` */
export const cauchy: {
  (self: Tensor, median?: number, sigma?: number): Tensor
  (self: Tensor, options: { median?: number | undefined; sigma?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cauchy', [''])

/** `aten::cauchy_(Tensor(a!) self, float median=0., float sigma=1., *, Generator? generator=None) -> Tensor(a!)` */
export const cauchy_: {
  (self: Tensor, median?: number, sigma?: number): Tensor
  (self: Tensor, options: { median?: number | undefined; sigma?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cauchy_', [''])

/** `aten::ccol_indices(Tensor(a) self) -> Tensor(a)` */
export const ccolIndices: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ccol_indices', [''])

/** `aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor` */
export const cdist: {
  (x1: Tensor, x2: Tensor, p?: number, computeMode?: number | null): Tensor
  (x1: Tensor, x2: Tensor, options: { p?: number | undefined; computeMode?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cdist', [''])

/** `aten::ceil(Tensor self) -> Tensor` */
export const ceil: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ceil', [''])

/** `aten::ceil_(Tensor(a!) self) -> Tensor(a!)` */
export const ceil_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ceil_', [''])

/** `aten::celu(Tensor self, Scalar alpha=1.) -> Tensor` */
export const celu: {
  (self: Tensor, alpha?: Scalar): Tensor
  (self: Tensor, options: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::celu', [''])

/** `aten::celu_(Tensor(a!) self, Scalar alpha=1.) -> Tensor(a!)` */
export const celu_: {
  (self: Tensor, alpha?: Scalar): Tensor
  (self: Tensor, options: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::celu_', [''])

/** `aten::chain_matmul(Tensor[] matrices) -> Tensor` */
export const chainMatmul: {
  (matrices: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::chain_matmul', [''])

/** `aten::chalf(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor` */
export const chalf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::chalf', [''])

/** `aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor` */
export const channelShuffle: {
  (self: Tensor, groups: number): Tensor
} = /* @__PURE__ */ define('aten::channel_shuffle', [''])

/** `aten::cholesky_inverse(Tensor self, bool upper=False) -> Tensor` */
export const choleskyInverse: {
  (self: Tensor, options?: { upper?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cholesky_inverse', [''])

/** `aten::cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor` */
export const choleskySolve: {
  (self: Tensor, input2: Tensor, options?: { upper?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cholesky_solve', [''])

/** `aten::choose_qparams_optimized(Tensor input, int numel, int n_bins, float ratio, int bit_width) -> (Tensor, Tensor)` */
export const chooseQparamsOptimized: {
  (input: Tensor, numel: number, nBins: number, ratio: number, bitWidth: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::choose_qparams_optimized', [''])

/** `aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]` */
export const chunk: {
  (self: Tensor, chunks: number, dim?: number): Tensor[]
  (self: Tensor, chunks: number, options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::chunk', [''])

/**
 * - `aten::clamp(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor`
 * - `aten::clamp.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor`
 */
export const clamp: {
  (self: Tensor, min?: Scalar | null, max?: Scalar | null): Tensor
  (self: Tensor, options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): Tensor
  (self: Tensor, min?: Tensor | null, max?: Tensor | null): Tensor
  (self: Tensor, options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::clamp', ['', 'Tensor'])

/**
 * - `aten::clamp_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)`
 * - `aten::clamp_.Tensor(Tensor(a!) self, Tensor? min=None, Tensor? max=None) -> Tensor(a!)`
 */
export const clamp_: {
  (self: Tensor, min?: Scalar | null, max?: Scalar | null): Tensor
  (self: Tensor, options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): Tensor
  (self: Tensor, min?: Tensor | null, max?: Tensor | null): Tensor
  (self: Tensor, options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::clamp_', ['', 'Tensor'])

/**
 * - `aten::clamp_max(Tensor self, Scalar max) -> Tensor`
 * - `aten::clamp_max.Tensor(Tensor self, Tensor max) -> Tensor`
 */
export const clampMax: {
  (self: Tensor, max: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::clamp_max', ['', 'Tensor'])

/**
 * - `aten::clamp_max_(Tensor(a!) self, Scalar max) -> Tensor(a!)`
 * - `aten::clamp_max_.Tensor(Tensor(a!) self, Tensor max) -> Tensor(a!)`
 */
export const clampMax_: {
  (self: Tensor, max: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::clamp_max_', ['', 'Tensor'])

/**
 * - `aten::clamp_min(Tensor self, Scalar min) -> Tensor`
 * - `aten::clamp_min.Tensor(Tensor self, Tensor min) -> Tensor`
 */
export const clampMin: {
  (self: Tensor, min: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::clamp_min', ['', 'Tensor'])

/**
 * - `aten::clamp_min_(Tensor(a!) self, Scalar min) -> Tensor(a!)`
 * - `aten::clamp_min_.Tensor(Tensor(a!) self, Tensor min) -> Tensor(a!)`
 */
export const clampMin_: {
  (self: Tensor, min: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::clamp_min_', ['', 'Tensor'])

/**
 * - `aten::clip(Tensor self, Scalar? min=None, Scalar? max=None) -> Tensor`
 * - `aten::clip.Tensor(Tensor self, Tensor? min=None, Tensor? max=None) -> Tensor`
 */
export const clip: {
  (self: Tensor, min?: Scalar | null, max?: Scalar | null): Tensor
  (self: Tensor, options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): Tensor
  (self: Tensor, min?: Tensor | null, max?: Tensor | null): Tensor
  (self: Tensor, options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::clip', ['', 'Tensor'])

/**
 * - `aten::clip_(Tensor(a!) self, Scalar? min=None, Scalar? max=None) -> Tensor(a!)`
 * - `aten::clip_.Tensor(Tensor(a!) self, Tensor? min=None, Tensor? max=None) -> Tensor(a!)`
 */
export const clip_: {
  (self: Tensor, min?: Scalar | null, max?: Scalar | null): Tensor
  (self: Tensor, options: { min?: Scalar | null | undefined; max?: Scalar | null | undefined }): Tensor
  (self: Tensor, min?: Tensor | null, max?: Tensor | null): Tensor
  (self: Tensor, options: { min?: Tensor | null | undefined; max?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::clip_', ['', 'Tensor'])

/** `aten::clone(Tensor self, *, MemoryFormat? memory_format=None) -> Tensor` */
export const clone: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::clone', [''])

/** `aten::coalesce(Tensor(a) self) -> Tensor(a)` */
export const coalesce: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::coalesce', [''])

/** `aten::col2im(Tensor self, SymInt[2] output_size, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor` */
export const col2im: {
  (self: Tensor, outputSize: number | readonly number[], kernelSize: number | readonly number[], dilation: number | readonly number[], padding: number | readonly number[], stride: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::col2im', [''])

/** `aten::col_indices(Tensor(a) self) -> Tensor(a)` */
export const colIndices: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::col_indices', [''])

/** `aten::column_stack(Tensor[] tensors) -> Tensor` */
export const columnStack: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::column_stack', [''])

/** `aten::combinations(Tensor self, int r=2, bool with_replacement=False) -> Tensor` */
export const combinations: {
  (self: Tensor, r?: number, options?: { withReplacement?: boolean | undefined }): Tensor
  (self: Tensor, options: { r?: number | undefined; withReplacement?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::combinations', [''])

/** `aten::complex(Tensor real, Tensor imag) -> Tensor` */
export const complex: {
  (real: Tensor, imag: Tensor): Tensor
} = /* @__PURE__ */ define('aten::complex', [''])

/** `aten::concat(Tensor[] tensors, int dim=0) -> Tensor` */
export const concat: {
  (tensors: readonly Tensor[], dim?: number): Tensor
  (tensors: readonly Tensor[], options: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::concat', [''])

/** `aten::concatenate(Tensor[] tensors, int dim=0) -> Tensor` */
export const concatenate: {
  (tensors: readonly Tensor[], dim?: number): Tensor
  (tensors: readonly Tensor[], options: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::concatenate', [''])

/** `aten::conj(Tensor(a) self) -> Tensor(a)` */
export const conj: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::conj', [''])

/** `aten::conj_physical(Tensor self) -> Tensor` */
export const conjPhysical: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::conj_physical', [''])

/** `aten::conj_physical_(Tensor(a!) self) -> Tensor(a!)` */
export const conjPhysical_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::conj_physical_', [''])

/** `aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor` */
export const constantPadNd: {
  (self: Tensor, pad: readonly number[], value?: Scalar): Tensor
  (self: Tensor, pad: readonly number[], options: { value?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::constant_pad_nd', [''])

/** `aten::contiguous(Tensor(a) self, *, MemoryFormat memory_format=0) -> Tensor(a)` */
export const contiguous: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::contiguous', [''])

/**
 * - `aten::conv1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] dilation=[1], SymInt groups=1) -> Tensor`
 * - `aten::conv1d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], str padding="valid", SymInt[1] dilation=[1], SymInt groups=1) -> Tensor`
 */
export const conv1d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[] | string, dilation?: number | readonly number[], groups?: number): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: string | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv1d', ['', 'padding'])

/**
 * - `aten::conv2d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor`
 * - `aten::conv2d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], str padding="valid", SymInt[2] dilation=[1, 1], SymInt groups=1) -> Tensor`
 */
export const conv2d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[] | string, dilation?: number | readonly number[], groups?: number): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: string | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv2d', ['', 'padding'])

/**
 * - `aten::conv3d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor`
 * - `aten::conv3d.padding(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], str padding="valid", SymInt[3] dilation=[1, 1, 1], SymInt groups=1) -> Tensor`
 */
export const conv3d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[] | string, dilation?: number | readonly number[], groups?: number): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: string | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv3d', ['', 'padding'])

/** `aten::conv_depthwise3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias, SymInt[3] stride, SymInt[3] padding, SymInt[3] dilation) -> Tensor` */
export const convDepthwise3d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias: Tensor | null, stride: number | readonly number[], padding: number | readonly number[], dilation: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::conv_depthwise3d', [''])

/** `aten::conv_tbc(Tensor self, Tensor weight, Tensor bias, int pad=0) -> Tensor` */
export const convTbc: {
  (self: Tensor, weight: Tensor, bias: Tensor, pad?: number): Tensor
  (self: Tensor, weight: Tensor, bias: Tensor, options: { pad?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv_tbc', [''])

/** `aten::conv_transpose1d(Tensor input, Tensor weight, Tensor? bias=None, SymInt[1] stride=[1], SymInt[1] padding=[0], SymInt[1] output_padding=[0], SymInt groups=1, SymInt[1] dilation=[1]) -> Tensor` */
export const convTranspose1d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], outputPadding?: number | readonly number[], groups?: number, dilation?: number | readonly number[]): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; outputPadding?: number | readonly number[] | undefined; groups?: number | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv_transpose1d', [''])

/** `aten::conv_transpose2d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt groups=1, SymInt[2] dilation=[1, 1]) -> Tensor` */
export const convTranspose2d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], outputPadding?: number | readonly number[], groups?: number, dilation?: number | readonly number[]): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; outputPadding?: number | readonly number[] | undefined; groups?: number | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv_transpose2d', ['input'])

/** `aten::conv_transpose3d.input(Tensor input, Tensor weight, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt groups=1, SymInt[3] dilation=[1, 1, 1]) -> Tensor` */
export const convTranspose3d: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], outputPadding?: number | readonly number[], groups?: number, dilation?: number | readonly number[]): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; outputPadding?: number | readonly number[] | undefined; groups?: number | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::conv_transpose3d', ['input'])

/** `aten::convolution(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor` */
export const convolution: {
  (input: Tensor, weight: Tensor, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], transposed: boolean, outputPadding: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::convolution', [''])

/** `aten::convolution_overrideable(Tensor input, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool transposed, SymInt[] output_padding, SymInt groups) -> Tensor` */
export const convolutionOverrideable: {
  (input: Tensor, weight: Tensor, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], transposed: boolean, outputPadding: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::convolution_overrideable', [''])

/** `aten::copy(Tensor self, Tensor src, bool non_blocking=False) -> Tensor` */
export const copy: {
  (self: Tensor, src: Tensor, options?: { nonBlocking?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::copy', [''])

/** `aten::copy_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)` */
export const copy_: {
  (self: Tensor, src: Tensor, options?: { nonBlocking?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::copy_', [''])

/** `aten::copy_sparse_to_sparse(Tensor self, Tensor src, bool non_blocking=False) -> Tensor` */
export const copySparseToSparse: {
  (self: Tensor, src: Tensor, options?: { nonBlocking?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::copy_sparse_to_sparse', [''])

/** `aten::copy_sparse_to_sparse_(Tensor(a!) self, Tensor src, bool non_blocking=False) -> Tensor(a!)` */
export const copySparseToSparse_: {
  (self: Tensor, src: Tensor, options?: { nonBlocking?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::copy_sparse_to_sparse_', [''])

/**
 * - `aten::copysign.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::copysign.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const copysign: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::copysign', ['Scalar', 'Tensor'])

/**
 * - `aten::copysign_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::copysign_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const copysign_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::copysign_', ['Scalar', 'Tensor'])

/** `aten::corrcoef(Tensor self) -> Tensor` */
export const corrcoef: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::corrcoef', [''])

/** `aten::cos(Tensor self) -> Tensor` */
export const cos: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::cos', [''])

/** `aten::cos_(Tensor(a!) self) -> Tensor(a!)` */
export const cos_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::cos_', [''])

/** `aten::cosh(Tensor self) -> Tensor` */
export const cosh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::cosh', [''])

/** `aten::cosh_(Tensor(a!) self) -> Tensor(a!)` */
export const cosh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::cosh_', [''])

/** `aten::cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor` */
export const cosineEmbeddingLoss: {
  (input1: Tensor, input2: Tensor, target: Tensor, margin?: number, reduction?: Reduction): Tensor
  (input1: Tensor, input2: Tensor, target: Tensor, options: { margin?: number | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cosine_embedding_loss', [''])

/** `aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor` */
export const cosineSimilarity: {
  (x1: Tensor, x2: Tensor, dim?: number, eps?: number): Tensor
  (x1: Tensor, x2: Tensor, options: { dim?: number | undefined; eps?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cosine_similarity', [''])

/**
 * - `aten::count_nonzero(Tensor self, int? dim=None) -> Tensor`
 * - `aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor`
 */
export const countNonzero: {
  (self: Tensor, dim?: number | null): Tensor
  (self: Tensor, options: { dim?: number | null | undefined }): Tensor
  (self: Tensor, dim: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::count_nonzero', ['', 'dim_IntList'])

/** `aten::cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None) -> Tensor` */
export const cov: {
  (self: Tensor, options?: { correction?: number | undefined; fweights?: Tensor | null | undefined; aweights?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cov', [''])

/** `aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor` */
export const cross: {
  (self: Tensor, other: Tensor, dim?: number | null): Tensor
  (self: Tensor, other: Tensor, options: { dim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cross', [''])

/** `aten::cross_entropy_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100, float label_smoothing=0.) -> Tensor` */
export const crossEntropyLoss: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: Reduction, ignoreIndex?: number, labelSmoothing?: number): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; reduction?: Reduction | undefined; ignoreIndex?: number | undefined; labelSmoothing?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cross_entropy_loss', [''])

/** `aten::crow_indices(Tensor(a) self) -> Tensor(a)` */
export const crowIndices: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::crow_indices', [''])

/**
 * - `aten::ctc_loss.IntList(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int blank=0, int reduction=1, bool zero_infinity=False) -> Tensor`
 * - `aten::ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank=0, int reduction=1, bool zero_infinity=False) -> Tensor`
 */
export const ctcLoss: {
  (logProbs: Tensor, targets: Tensor, inputLengths: readonly number[], targetLengths: readonly number[], blank?: number, reduction?: Reduction, options?: { zeroInfinity?: boolean | undefined }): Tensor
  (logProbs: Tensor, targets: Tensor, inputLengths: readonly number[], targetLengths: readonly number[], options: { blank?: number | undefined; reduction?: Reduction | undefined; zeroInfinity?: boolean | undefined }): Tensor
  (logProbs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank?: number, reduction?: Reduction, options?: { zeroInfinity?: boolean | undefined }): Tensor
  (logProbs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, options: { blank?: number | undefined; reduction?: Reduction | undefined; zeroInfinity?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::ctc_loss', ['IntList', 'Tensor'])

/** `aten::cudnn_affine_grid_generator(Tensor theta, int N, int C, int H, int W) -> Tensor grid` */
export const cudnnAffineGridGenerator: {
  (theta: Tensor, N: number, C: number, H: number, W: number): Tensor
} = /* @__PURE__ */ define('aten::cudnn_affine_grid_generator', [''])

/** `aten::cudnn_batch_norm(Tensor input, Tensor weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float exponential_average_factor, float epsilon) -> (Tensor, Tensor, Tensor, Tensor)` */
export const cudnnBatchNorm: {
  (input: Tensor, weight: Tensor, bias: Tensor | null, runningMean: Tensor | null, runningVar: Tensor | null, training: boolean, exponentialAverageFactor: number, epsilon: number): [Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::cudnn_batch_norm', [''])

/** `aten::cudnn_convolution(Tensor self, Tensor weight, SymInt[] padding, SymInt[] stride, SymInt[] dilation, SymInt groups, bool benchmark, bool deterministic, bool allow_tf32) -> Tensor` */
export const cudnnConvolution: {
  (self: Tensor, weight: Tensor, padding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number, benchmark: boolean, deterministic: boolean, allowTf32: boolean): Tensor
} = /* @__PURE__ */ define('aten::cudnn_convolution', [''])

/** `aten::cudnn_convolution_add_relu(Tensor self, Tensor weight, Tensor z, Scalar? alpha, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, SymInt groups) -> Tensor` */
export const cudnnConvolutionAddRelu: {
  (self: Tensor, weight: Tensor, z: Tensor, alpha: Scalar | null, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::cudnn_convolution_add_relu', [''])

/** `aten::cudnn_convolution_relu(Tensor self, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, SymInt groups) -> Tensor` */
export const cudnnConvolutionRelu: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::cudnn_convolution_relu', [''])

/** `aten::cudnn_convolution_transpose(Tensor self, Tensor weight, SymInt[] padding, SymInt[] output_padding, SymInt[] stride, SymInt[] dilation, SymInt groups, bool benchmark, bool deterministic, bool allow_tf32) -> Tensor` */
export const cudnnConvolutionTranspose: {
  (self: Tensor, weight: Tensor, padding: readonly number[], outputPadding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number, benchmark: boolean, deterministic: boolean, allowTf32: boolean): Tensor
} = /* @__PURE__ */ define('aten::cudnn_convolution_transpose', [''])

/** `aten::cudnn_grid_sampler(Tensor self, Tensor grid) -> Tensor output` */
export const cudnnGridSampler: {
  (self: Tensor, grid: Tensor): Tensor
} = /* @__PURE__ */ define('aten::cudnn_grid_sampler', [''])

/** `aten::cudnn_is_acceptable(Tensor self) -> bool` */
export const cudnnIsAcceptable: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::cudnn_is_acceptable', [''])

/** `aten::cummax(Tensor self, int dim) -> (Tensor values, Tensor indices)` */
export const cummax: {
  (self: Tensor, dim: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::cummax', [''])

/** `aten::cummin(Tensor self, int dim) -> (Tensor values, Tensor indices)` */
export const cummin: {
  (self: Tensor, dim: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::cummin', [''])

/** `aten::cumprod(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor` */
export const cumprod: {
  (self: Tensor, dim: number, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cumprod', [''])

/** `aten::cumprod_(Tensor(a!) self, int dim, *, ScalarType? dtype=None) -> Tensor(a!)` */
export const cumprod_: {
  (self: Tensor, dim: number, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cumprod_', [''])

/** `aten::cumsum(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor` */
export const cumsum: {
  (self: Tensor, dim: number, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cumsum', [''])

/** `aten::cumsum_(Tensor(a!) self, int dim, *, ScalarType? dtype=None) -> Tensor(a!)` */
export const cumsum_: {
  (self: Tensor, dim: number, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cumsum_', [''])

/**
 * - `aten::cumulative_trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor`
 * - `aten::cumulative_trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor`
 */
export const cumulativeTrapezoid: {
  (y: Tensor, options?: { dx?: Scalar | undefined; dim?: number | undefined }): Tensor
  (y: Tensor, x: Tensor, options?: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::cumulative_trapezoid', ['dx', 'x'])

/** `aten::data(Tensor self) -> Tensor` */
export const data: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::data', [''])

/** `aten::deg2rad(Tensor self) -> Tensor` */
export const deg2rad: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::deg2rad', [''])

/** `aten::deg2rad_(Tensor(a!) self) -> Tensor(a!)` */
export const deg2rad_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::deg2rad_', [''])

/** `aten::dense_dim(Tensor self) -> int` */
export const denseDim: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::dense_dim', [''])

/**
 * - `aten::dequantize.self(Tensor self) -> Tensor`
 * - `aten::dequantize.tensors(Tensor[] tensors) -> Tensor[]`
 */
export const dequantize: {
  (self: Tensor): Tensor
  (tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::dequantize', ['self', 'tensors'])

/** `aten::det(Tensor self) -> Tensor` */
export const det: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::det', [''])

/** `aten::detach(Tensor(a) self) -> Tensor(a)` */
export const detach: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::detach', [''])

/** `aten::detach_(Tensor(a!) self) -> Tensor(a!)` */
export const detach_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::detach_', [''])

/** `aten::diag(Tensor self, int diagonal=0) -> Tensor` */
export const diag: {
  (self: Tensor, diagonal?: number): Tensor
  (self: Tensor, options: { diagonal?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diag', [''])

/** `aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor` */
export const diagEmbed: {
  (self: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor
  (self: Tensor, options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diag_embed', [''])

/** `aten::diagflat(Tensor self, int offset=0) -> Tensor` */
export const diagflat: {
  (self: Tensor, offset?: number): Tensor
  (self: Tensor, options: { offset?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diagflat', [''])

/** `aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)` */
export const diagonal: {
  (self: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor
  (self: Tensor, options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diagonal', [''])

/** `aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor` */
export const diagonalScatter: {
  (self: Tensor, src: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor
  (self: Tensor, src: Tensor, options: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diagonal_scatter', [''])

/** `aten::diff(Tensor self, int n=1, int dim=-1, Tensor? prepend=None, Tensor? append=None) -> Tensor` */
export const diff: {
  (self: Tensor, n?: number, dim?: number, prepend?: Tensor | null, append?: Tensor | null): Tensor
  (self: Tensor, options: { n?: number | undefined; dim?: number | undefined; prepend?: Tensor | null | undefined; append?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::diff', [''])

/** `aten::digamma(Tensor self) -> Tensor` */
export const digamma: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::digamma', [''])

/** `aten::digamma_(Tensor(a!) self) -> Tensor(a!)` */
export const digamma_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::digamma_', [''])

/** `aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor` */
export const dist: {
  (self: Tensor, other: Tensor, p?: Scalar): Tensor
  (self: Tensor, other: Tensor, options: { p?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::dist', [''])

/**
 * - `aten::div.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor`
 * - `aten::div.Tensor(Tensor self, Tensor other) -> Tensor`
 * - `aten::div.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor`
 */
export const div: {
  (self: Tensor, other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): Tensor
  (self: Tensor, other: Tensor | Scalar): Tensor
} = /* @__PURE__ */ define('aten::div', ['Scalar_mode', 'Tensor', 'Tensor_mode'])

/**
 * - `aten::div_.Scalar_mode(Tensor(a!) self, Scalar other, *, str? rounding_mode) -> Tensor(a!)`
 * - `aten::div_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 * - `aten::div_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)`
 */
export const div_: {
  (self: Tensor, other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): Tensor
  (self: Tensor, other: Tensor | Scalar): Tensor
} = /* @__PURE__ */ define('aten::div_', ['Scalar_mode', 'Tensor', 'Tensor_mode'])

/**
 * - `aten::divide.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::divide.Scalar_mode(Tensor self, Scalar other, *, str? rounding_mode) -> Tensor`
 * - `aten::divide.Tensor(Tensor self, Tensor other) -> Tensor`
 * - `aten::divide.Tensor_mode(Tensor self, Tensor other, *, str? rounding_mode) -> Tensor`
 */
export const divide: {
  (self: Tensor, other: Scalar | Tensor): Tensor
  (self: Tensor, other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): Tensor
} = /* @__PURE__ */ define('aten::divide', ['Scalar', 'Scalar_mode', 'Tensor', 'Tensor_mode'])

/**
 * - `aten::divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::divide_.Scalar_mode(Tensor(a!) self, Scalar other, *, str? rounding_mode) -> Tensor(a!)`
 * - `aten::divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 * - `aten::divide_.Tensor_mode(Tensor(a!) self, Tensor other, *, str? rounding_mode) -> Tensor(a!)`
 */
export const divide_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
  (self: Tensor, other: Scalar | Tensor, options: { roundingMode: 'trunc' | 'floor' | null }): Tensor
} = /* @__PURE__ */ define('aten::divide_', ['Scalar', 'Scalar_mode', 'Tensor', 'Tensor_mode'])

/** `aten::dot(Tensor self, Tensor tensor) -> Tensor` */
export const dot: {
  (self: Tensor, tensor: Tensor): Tensor
} = /* @__PURE__ */ define('aten::dot', [''])

/** `aten::dropout(Tensor input, float p, bool train) -> Tensor` */
export const dropout: {
  (input: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::dropout', [''])

/** `aten::dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)` */
export const dropout_: {
  (self: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::dropout_', [''])

/**
 * - `aten::dsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
 * - `aten::dsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
 */
export const dsplit: {
  (self: Tensor, indices: readonly number[] | number): Tensor[]
} = /* @__PURE__ */ define('aten::dsplit', ['array', 'int'])

/** `aten::dstack(Tensor[] tensors) -> Tensor` */
export const dstack: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::dstack', [''])

/** `aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor` */
export const einsum: {
  (equation: string, tensors: readonly Tensor[], options?: { path?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::einsum', [''])

/** `aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor` */
export const elu: {
  (self: Tensor, alpha?: Scalar, scale?: Scalar, inputScale?: Scalar): Tensor
  (self: Tensor, options: { alpha?: Scalar | undefined; scale?: Scalar | undefined; inputScale?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::elu', [''])

/** `aten::elu_(Tensor(a!) self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor(a!)` */
export const elu_: {
  (self: Tensor, alpha?: Scalar, scale?: Scalar, inputScale?: Scalar): Tensor
  (self: Tensor, options: { alpha?: Scalar | undefined; scale?: Scalar | undefined; inputScale?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::elu_', [''])

/** `aten::embedding(Tensor weight, Tensor indices, SymInt padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False) -> Tensor` */
export const embedding: {
  (weight: Tensor, indices: Tensor, paddingIdx?: number, options?: { scaleGradByFreq?: boolean | undefined; sparse?: boolean | undefined }): Tensor
  (weight: Tensor, indices: Tensor, options: { paddingIdx?: number | undefined; scaleGradByFreq?: boolean | undefined; sparse?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::embedding', [''])

/**
 * - `aten::embedding_bag(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False) -> (Tensor, Tensor, Tensor, Tensor)`
 * - `aten::embedding_bag.padding_idx(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq, int mode, bool sparse, Tensor? per_sample_weights, bool include_last_offset, int? padding_idx) -> (Tensor, Tensor, Tensor, Tensor)`
 */
export const embeddingBag: {
  (weight: Tensor, indices: Tensor, offsets: Tensor, options?: { scaleGradByFreq?: boolean | undefined; mode?: number | undefined; sparse?: boolean | undefined; perSampleWeights?: Tensor | null | undefined; includeLastOffset?: boolean | undefined }): [Tensor, Tensor, Tensor, Tensor]
  (weight: Tensor, indices: Tensor, offsets: Tensor, scaleGradByFreq: boolean, mode: number, sparse: boolean, perSampleWeights: Tensor | null, includeLastOffset: boolean, paddingIdx: number | null): [Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::embedding_bag', ['', 'padding_idx'])

/** `aten::embedding_renorm(Tensor self, Tensor indices, float max_norm, float norm_type) -> Tensor` */
export const embeddingRenorm: {
  (self: Tensor, indices: Tensor, maxNorm: number, normType: number): Tensor
} = /* @__PURE__ */ define('aten::embedding_renorm', [''])

/** `aten::embedding_renorm_(Tensor(a!) self, Tensor indices, float max_norm, float norm_type) -> Tensor(a!)` */
export const embeddingRenorm_: {
  (self: Tensor, indices: Tensor, maxNorm: number, normType: number): Tensor
} = /* @__PURE__ */ define('aten::embedding_renorm_', [''])

/** `aten::empty.memory_format(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const empty: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::empty', ['memory_format'])

/** `aten::empty_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const emptyLike: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::empty_like', [''])

/** `aten::empty_permuted(SymInt[] size, int[] physical_layout, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const emptyPermuted: {
  (size: readonly number[], physicalLayout: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::empty_permuted', [''])

/** `aten::empty_quantized(int[] size, Tensor qtensor, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const emptyQuantized: {
  (size: readonly number[], qtensor: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::empty_quantized', [''])

/** `aten::empty_strided(SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const emptyStrided: {
  (size: readonly number[], stride: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::empty_strided', [''])

/**
 * - `aten::eq.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::eq.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const eq: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::eq', ['Scalar', 'Tensor'])

/**
 * - `aten::eq_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::eq_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const eq_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::eq_', ['Scalar', 'Tensor'])

/** `aten::equal(Tensor self, Tensor other) -> bool` */
export const equal: {
  (self: Tensor, other: Tensor): boolean
} = /* @__PURE__ */ define('aten::equal', [''])

/** `aten::erf(Tensor self) -> Tensor` */
export const erf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erf', [''])

/** `aten::erf_(Tensor(a!) self) -> Tensor(a!)` */
export const erf_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erf_', [''])

/** `aten::erfc(Tensor self) -> Tensor` */
export const erfc: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erfc', [''])

/** `aten::erfc_(Tensor(a!) self) -> Tensor(a!)` */
export const erfc_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erfc_', [''])

/** `aten::erfinv(Tensor self) -> Tensor` */
export const erfinv: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erfinv', [''])

/** `aten::erfinv_(Tensor(a!) self) -> Tensor(a!)` */
export const erfinv_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::erfinv_', [''])

/** `aten::exp(Tensor self) -> Tensor` */
export const exp: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::exp', [''])

/** `aten::exp2(Tensor self) -> Tensor` */
export const exp2: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::exp2', [''])

/** `aten::exp2_(Tensor(a!) self) -> Tensor(a!)` */
export const exp2_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::exp2_', [''])

/** `aten::exp_(Tensor(a!) self) -> Tensor(a!)` */
export const exp_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::exp_', [''])

/** `aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)` */
export const expand: {
  (self: Tensor, size: readonly number[], options?: { implicit?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::expand', [''])

/** `aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
export const expandAs: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::expand_as', [''])

/** `aten::expm1(Tensor self) -> Tensor` */
export const expm1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::expm1', [''])

/** `aten::expm1_(Tensor(a!) self) -> Tensor(a!)` */
export const expm1_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::expm1_', [''])

/** `aten::exponential(Tensor self, float lambd=1., *, Generator? generator=None) -> Tensor` */
export const exponential: {
  (self: Tensor, lambd?: number): Tensor
  (self: Tensor, options: { lambd?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::exponential', [''])

/** `aten::exponential_(Tensor(a!) self, float lambd=1., *, Generator? generator=None) -> Tensor(a!)` */
export const exponential_: {
  (self: Tensor, lambd?: number): Tensor
  (self: Tensor, options: { lambd?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::exponential_', [''])

/**
 * - `aten::eye.m(SymInt n, SymInt m, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::eye(SymInt n, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const eye: {
  (n: number, m: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (n: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::eye', ['m', ''])

/** `aten::fake_quantize_per_channel_affine(Tensor self, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> Tensor` */
export const fakeQuantizePerChannelAffine: {
  (self: Tensor, scale: Tensor, zeroPoint: Tensor, axis: number, quantMin: number, quantMax: number): Tensor
} = /* @__PURE__ */ define('aten::fake_quantize_per_channel_affine', [''])

/** `aten::fake_quantize_per_channel_affine_cachemask(Tensor self, Tensor scale, Tensor zero_point, int axis, int quant_min, int quant_max) -> (Tensor output, Tensor mask)` */
export const fakeQuantizePerChannelAffineCachemask: {
  (self: Tensor, scale: Tensor, zeroPoint: Tensor, axis: number, quantMin: number, quantMax: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::fake_quantize_per_channel_affine_cachemask', [''])

/**
 * - `aten::fake_quantize_per_tensor_affine(Tensor self, float scale, int zero_point, int quant_min, int quant_max) -> Tensor`
 * - `aten::fake_quantize_per_tensor_affine.tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, int quant_min, int quant_max) -> Tensor`
 */
export const fakeQuantizePerTensorAffine: {
  (self: Tensor, scale: number, zeroPoint: number, quantMin: number, quantMax: number): Tensor
  (self: Tensor, scale: Tensor, zeroPoint: Tensor, quantMin: number, quantMax: number): Tensor
} = /* @__PURE__ */ define('aten::fake_quantize_per_tensor_affine', ['', 'tensor_qparams'])

/** `aten::fake_quantize_per_tensor_affine_cachemask(Tensor self, float scale, int zero_point, int quant_min, int quant_max) -> (Tensor output, Tensor mask)` */
export const fakeQuantizePerTensorAffineCachemask: {
  (self: Tensor, scale: number, zeroPoint: number, quantMin: number, quantMax: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::fake_quantize_per_tensor_affine_cachemask', [''])

/** `aten::fbgemm_linear_fp16_weight(Tensor input, Tensor packed_weight, Tensor bias) -> Tensor` */
export const fbgemmLinearFp16Weight: {
  (input: Tensor, packedWeight: Tensor, bias: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_linear_fp16_weight', [''])

/** `aten::fbgemm_linear_fp16_weight_fp32_activation(Tensor input, Tensor packed_weight, Tensor? bias) -> Tensor` */
export const fbgemmLinearFp16WeightFp32Activation: {
  (input: Tensor, packedWeight: Tensor, bias: Tensor | null): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_linear_fp16_weight_fp32_activation', [''])

/** `aten::fbgemm_linear_int8_weight(Tensor input, Tensor weight, Tensor packed, Tensor col_offsets, Scalar weight_scale, Scalar weight_zero_point, Tensor bias) -> Tensor` */
export const fbgemmLinearInt8Weight: {
  (input: Tensor, weight: Tensor, packed: Tensor, colOffsets: Tensor, weightScale: Scalar, weightZeroPoint: Scalar, bias: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_linear_int8_weight', [''])

/** `aten::fbgemm_linear_int8_weight_fp32_activation(Tensor input, Tensor weight, Tensor packed, Tensor col_offsets, Scalar weight_scale, Scalar weight_zero_point, Tensor bias) -> Tensor` */
export const fbgemmLinearInt8WeightFp32Activation: {
  (input: Tensor, weight: Tensor, packed: Tensor, colOffsets: Tensor, weightScale: Scalar, weightZeroPoint: Scalar, bias: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_linear_int8_weight_fp32_activation', [''])

/** `aten::fbgemm_linear_quantize_weight(Tensor input) -> (Tensor, Tensor, float, int)` */
export const fbgemmLinearQuantizeWeight: {
  (input: Tensor): [Tensor, Tensor, number, number]
} = /* @__PURE__ */ define('aten::fbgemm_linear_quantize_weight', [''])

/** `aten::fbgemm_pack_gemm_matrix_fp16(Tensor input) -> Tensor` */
export const fbgemmPackGemmMatrixFp16: {
  (input: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_pack_gemm_matrix_fp16', [''])

/**
 * - `aten::fbgemm_pack_quantized_matrix(Tensor input) -> Tensor`
 * - `aten::fbgemm_pack_quantized_matrix.KN(Tensor input, int K, int N) -> Tensor`
 */
export const fbgemmPackQuantizedMatrix: {
  (input: Tensor): Tensor
  (input: Tensor, K: number, N: number): Tensor
} = /* @__PURE__ */ define('aten::fbgemm_pack_quantized_matrix', ['', 'KN'])

/** `aten::feature_alpha_dropout(Tensor input, float p, bool train) -> Tensor` */
export const featureAlphaDropout: {
  (input: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::feature_alpha_dropout', [''])

/** `aten::feature_alpha_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)` */
export const featureAlphaDropout_: {
  (self: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::feature_alpha_dropout_', [''])

/** `aten::feature_dropout(Tensor input, float p, bool train) -> Tensor` */
export const featureDropout: {
  (input: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::feature_dropout', [''])

/** `aten::feature_dropout_(Tensor(a!) self, float p, bool train) -> Tensor(a!)` */
export const featureDropout_: {
  (self: Tensor, p: number, train: boolean): Tensor
} = /* @__PURE__ */ define('aten::feature_dropout_', [''])

/** `aten::fft_fft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftFft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_fft', [''])

/** `aten::fft_fft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftFft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_fft2', [''])

/** `aten::fft_fftfreq(int n, float d=1., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const fftFftfreq: {
  (n: number, d?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (n: number, options: { d?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_fftfreq', [''])

/** `aten::fft_fftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftFftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_fftn', [''])

/** `aten::fft_fftshift(Tensor self, int[1]? dim=None) -> Tensor` */
export const fftFftshift: {
  (self: Tensor, dim?: number | readonly number[] | null): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_fftshift', [''])

/** `aten::fft_hfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftHfft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_hfft', [''])

/** `aten::fft_hfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftHfft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_hfft2', [''])

/** `aten::fft_hfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftHfftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_hfftn', [''])

/** `aten::fft_ifft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftIfft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ifft', [''])

/** `aten::fft_ifft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftIfft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ifft2', [''])

/** `aten::fft_ifftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftIfftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ifftn', [''])

/** `aten::fft_ifftshift(Tensor self, int[1]? dim=None) -> Tensor` */
export const fftIfftshift: {
  (self: Tensor, dim?: number | readonly number[] | null): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ifftshift', [''])

/** `aten::fft_ihfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftIhfft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ihfft', [''])

/** `aten::fft_ihfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftIhfft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ihfft2', [''])

/** `aten::fft_ihfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftIhfftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_ihfftn', [''])

/** `aten::fft_irfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftIrfft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_irfft', [''])

/** `aten::fft_irfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftIrfft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_irfft2', [''])

/** `aten::fft_irfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftIrfftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_irfftn', [''])

/** `aten::fft_rfft(Tensor self, SymInt? n=None, int dim=-1, str? norm=None) -> Tensor` */
export const fftRfft: {
  (self: Tensor, n?: number | null, dim?: number, norm?: string | null): Tensor
  (self: Tensor, options: { n?: number | null | undefined; dim?: number | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_rfft', [''])

/** `aten::fft_rfft2(Tensor self, SymInt[1]? s=None, int[1] dim=[-2, -1], str? norm=None) -> Tensor` */
export const fftRfft2: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[], norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_rfft2', [''])

/** `aten::fft_rfftfreq(int n, float d=1., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const fftRfftfreq: {
  (n: number, d?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (n: number, options: { d?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_rfftfreq', [''])

/** `aten::fft_rfftn(Tensor self, SymInt[1]? s=None, int[1]? dim=None, str? norm=None) -> Tensor` */
export const fftRfftn: {
  (self: Tensor, s?: number | readonly number[] | null, dim?: number | readonly number[] | null, norm?: string | null): Tensor
  (self: Tensor, options: { s?: number | readonly number[] | null | undefined; dim?: number | readonly number[] | null | undefined; norm?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fft_rfftn', [''])

/**
 * - `aten::fill.Scalar(Tensor self, Scalar value) -> Tensor`
 * - `aten::fill.Tensor(Tensor self, Tensor value) -> Tensor`
 */
export const fill: {
  (self: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::fill', ['Scalar', 'Tensor'])

/**
 * - `aten::fill_.Scalar(Tensor(a!) self, Scalar value) -> Tensor(a!)`
 * - `aten::fill_.Tensor(Tensor(a!) self, Tensor value) -> Tensor(a!)`
 */
export const fill_: {
  (self: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::fill_', ['Scalar', 'Tensor'])

/** `aten::fill_diagonal_(Tensor(a!) self, Scalar fill_value, bool wrap=False) -> Tensor(a!)` */
export const fillDiagonal_: {
  (self: Tensor, fillValue: Scalar, options?: { wrap?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::fill_diagonal_', [''])

/** `aten::fix(Tensor self) -> Tensor` */
export const fix: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fix', [''])

/** `aten::fix_(Tensor(a!) self) -> Tensor(a!)` */
export const fix_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fix_', [''])

/** `aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)` */
export const flatten: {
  (self: Tensor, startDim?: number, endDim?: number): Tensor
  (self: Tensor, options: { startDim?: number | undefined; endDim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::flatten', ['using_ints'])

/** `aten::flatten_dense_tensors(Tensor[] tensors) -> Tensor` */
export const flattenDenseTensors: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::flatten_dense_tensors', [''])

/** `aten::flip(Tensor self, int[] dims) -> Tensor` */
export const flip: {
  (self: Tensor, dims: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::flip', [''])

/** `aten::fliplr(Tensor self) -> Tensor` */
export const fliplr: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fliplr', [''])

/** `aten::flipud(Tensor self) -> Tensor` */
export const flipud: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::flipud', [''])

/**
 * - `aten::float_power.Scalar(Scalar self, Tensor exponent) -> Tensor`
 * - `aten::float_power.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor`
 * - `aten::float_power.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor`
 */
export const floatPower: {
  (self: Scalar | Tensor, exponent: Tensor): Tensor
  (self: Tensor, exponent: Scalar): Tensor
} = /* @__PURE__ */ define('aten::float_power', ['Scalar', 'Tensor_Scalar', 'Tensor_Tensor'])

/**
 * - `aten::float_power_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)`
 * - `aten::float_power_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)`
 */
export const floatPower_: {
  (self: Tensor, exponent: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::float_power_', ['Scalar', 'Tensor'])

/** `aten::floor(Tensor self) -> Tensor` */
export const floor: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::floor', [''])

/** `aten::floor_(Tensor(a!) self) -> Tensor(a!)` */
export const floor_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::floor_', [''])

/**
 * - `aten::floor_divide.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::floor_divide(Tensor self, Tensor other) -> Tensor`
 */
export const floorDivide: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::floor_divide', ['Scalar', ''])

/**
 * - `aten::floor_divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::floor_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const floorDivide_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::floor_divide_', ['Scalar', 'Tensor'])

/** `aten::fmax(Tensor self, Tensor other) -> Tensor` */
export const fmax: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fmax', [''])

/** `aten::fmin(Tensor self, Tensor other) -> Tensor` */
export const fmin: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::fmin', [''])

/**
 * - `aten::fmod.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::fmod.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const fmod: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::fmod', ['Scalar', 'Tensor'])

/**
 * - `aten::fmod_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::fmod_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const fmod_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::fmod_', ['Scalar', 'Tensor'])

/** `aten::frac(Tensor self) -> Tensor` */
export const frac: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::frac', [''])

/** `aten::frac_(Tensor(a!) self) -> Tensor(a!)` */
export const frac_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::frac_', [''])

/** `aten::fractional_max_pool2d(Tensor self, int[2] kernel_size, int[2] output_size, Tensor random_samples) -> (Tensor, Tensor)` */
export const fractionalMaxPool2d: {
  (self: Tensor, kernelSize: number | readonly number[], outputSize: number | readonly number[], randomSamples: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::fractional_max_pool2d', [''])

/** `aten::fractional_max_pool3d(Tensor self, int[3] kernel_size, int[3] output_size, Tensor random_samples) -> (Tensor, Tensor)` */
export const fractionalMaxPool3d: {
  (self: Tensor, kernelSize: number | readonly number[], outputSize: number | readonly number[], randomSamples: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::fractional_max_pool3d', [''])

/** `aten::frexp.Tensor(Tensor self) -> (Tensor mantissa, Tensor exponent)` */
export const frexp: {
  (self: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::frexp', ['Tensor'])

/** `aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor` */
export const frobeniusNorm: {
  (self: Tensor, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::frobenius_norm', ['dim'])

/** `aten::from_file(str filename, bool? shared=None, int? size=0, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const fromFile: {
  (filename: string, options?: { shared?: boolean | null | undefined; size?: number | null | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::from_file', [''])

/** `aten::full(SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const full: {
  (size: readonly number[], fillValue: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::full', [''])

/** `aten::full_like(Tensor self, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const fullLike: {
  (self: Tensor, fillValue: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::full_like', [''])

/** `aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor` */
export const gather: {
  (self: Tensor, dim: number, index: Tensor, options?: { sparseGrad?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::gather', [''])

/** `aten::gcd(Tensor self, Tensor other) -> Tensor` */
export const gcd: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::gcd', [''])

/** `aten::gcd_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const gcd_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::gcd_', [''])

/**
 * - `aten::ge.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::ge.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const ge: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::ge', ['Scalar', 'Tensor'])

/**
 * - `aten::ge_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::ge_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const ge_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::ge_', ['Scalar', 'Tensor'])

/** `aten::gelu(Tensor self, *, str approximate="none") -> Tensor` */
export const gelu: {
  (self: Tensor, options?: { approximate?: 'none' | 'tanh' | undefined }): Tensor
} = /* @__PURE__ */ define('aten::gelu', [''])

/** `aten::gelu_(Tensor(a!) self, *, str approximate="none") -> Tensor(a!)` */
export const gelu_: {
  (self: Tensor, options?: { approximate?: 'none' | 'tanh' | undefined }): Tensor
} = /* @__PURE__ */ define('aten::gelu_', [''])

/** `aten::geometric(Tensor self, float p, *, Generator? generator=None) -> Tensor` */
export const geometric: {
  (self: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('aten::geometric', [''])

/** `aten::geometric_(Tensor(a!) self, float p, *, Generator? generator=None) -> Tensor(a!)` */
export const geometric_: {
  (self: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('aten::geometric_', [''])

/** `aten::geqrf(Tensor self) -> (Tensor a, Tensor tau)` */
export const geqrf: {
  (self: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::geqrf', [''])

/** `aten::ger(Tensor self, Tensor vec2) -> Tensor` */
export const ger: {
  (self: Tensor, vec2: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ger', [''])

/** `aten::glu(Tensor self, int dim=-1) -> Tensor` */
export const glu: {
  (self: Tensor, dim?: number): Tensor
  (self: Tensor, options: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::glu', [''])

/** `aten::glu_jvp(Tensor glu, Tensor x, Tensor dx, int dim) -> Tensor` */
export const gluJvp: {
  (glu: Tensor, x: Tensor, dx: Tensor, dim: number): Tensor
} = /* @__PURE__ */ define('aten::glu_jvp', [''])

/**
 * - `aten::gradient.scalararray(Tensor self, *, Scalar spacing, int[] dim, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.scalarint(Tensor self, *, Scalar? spacing=None, int? dim=None, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.scalarrayarray(Tensor self, *, Scalar[] spacing, int[] dim, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.scalarrayint(Tensor self, *, Scalar[] spacing, int? dim=None, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.array(Tensor self, *, int[] dim, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.tensorarray(Tensor self, *, Tensor[] spacing, int[] dim, int edge_order=1) -> Tensor[]`
 * - `aten::gradient.tensorarrayint(Tensor self, *, Tensor[] spacing, int? dim=None, int edge_order=1) -> Tensor[]`
 */
export const gradient: {
  (self: Tensor, options: { spacing: Scalar; dim: readonly number[]; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options?: { spacing?: Scalar | null | undefined; dim?: number | null | undefined; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options: { spacing: readonly Scalar[]; dim: readonly number[]; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options: { spacing: readonly Scalar[]; dim?: number | null | undefined; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options: { dim: readonly number[]; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options: { spacing: readonly Tensor[]; dim: readonly number[]; edgeOrder?: number | undefined }): Tensor[]
  (self: Tensor, options: { spacing: readonly Tensor[]; dim?: number | null | undefined; edgeOrder?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::gradient', ['scalararray', 'scalarint', 'scalarrayarray', 'scalarrayint', 'array', 'tensorarray', 'tensorarrayint'])

/**
 * - `aten::greater.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::greater.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const greater: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::greater', ['Scalar', 'Tensor'])

/**
 * - `aten::greater_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::greater_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const greater_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::greater_', ['Scalar', 'Tensor'])

/**
 * - `aten::greater_equal.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::greater_equal.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const greaterEqual: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::greater_equal', ['Scalar', 'Tensor'])

/**
 * - `aten::greater_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::greater_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const greaterEqual_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::greater_equal_', ['Scalar', 'Tensor'])

/** `aten::grid_sampler(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor` */
export const gridSampler: {
  (input: Tensor, grid: Tensor, interpolationMode: number, paddingMode: number, alignCorners: boolean): Tensor
} = /* @__PURE__ */ define('aten::grid_sampler', [''])

/** `aten::grid_sampler_2d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor` */
export const gridSampler2d: {
  (input: Tensor, grid: Tensor, interpolationMode: number, paddingMode: number, alignCorners: boolean): Tensor
} = /* @__PURE__ */ define('aten::grid_sampler_2d', [''])

/** `aten::grid_sampler_3d(Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners) -> Tensor` */
export const gridSampler3d: {
  (input: Tensor, grid: Tensor, interpolationMode: number, paddingMode: number, alignCorners: boolean): Tensor
} = /* @__PURE__ */ define('aten::grid_sampler_3d', [''])

/** `aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enabled=True) -> Tensor` */
export const groupNorm: {
  (input: Tensor, numGroups: number, weight?: Tensor | null, bias?: Tensor | null, eps?: number, options?: { cudnnEnabled?: boolean | undefined }): Tensor
  (input: Tensor, numGroups: number, options: { weight?: Tensor | null | undefined; bias?: Tensor | null | undefined; eps?: number | undefined; cudnnEnabled?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::group_norm', [''])

/**
 * - `aten::gru.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)`
 * - `aten::gru.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)`
 */
export const gru: {
  (input: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean): [Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::gru', ['input', 'data'])

/** `aten::gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor` */
export const gruCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh?: Tensor | null, bHh?: Tensor | null): Tensor
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, options: { bIh?: Tensor | null | undefined; bHh?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::gru_cell', [''])

/**
 * - `aten::gt.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::gt.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const gt: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::gt', ['Scalar', 'Tensor'])

/**
 * - `aten::gt_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::gt_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const gt_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::gt_', ['Scalar', 'Tensor'])

/**
 * - `aten::hamming_window.periodic_alpha_beta(int window_length, bool periodic, float alpha, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::hamming_window.periodic_alpha(int window_length, bool periodic, float alpha, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::hamming_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::hamming_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const hammingWindow: {
  (windowLength: number, periodic: boolean, alpha: number, beta: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, periodic: boolean, alpha: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, periodic: boolean, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hamming_window', ['periodic_alpha_beta', 'periodic_alpha', 'periodic', ''])

/**
 * - `aten::hann_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::hann_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const hannWindow: {
  (windowLength: number, periodic: boolean, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hann_window', ['periodic', ''])

/** `aten::hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor` */
export const hardshrink: {
  (self: Tensor, lambd?: Scalar): Tensor
  (self: Tensor, options: { lambd?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hardshrink', [''])

/** `aten::hardsigmoid(Tensor self) -> Tensor` */
export const hardsigmoid: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hardsigmoid', [''])

/** `aten::hardsigmoid_(Tensor(a!) self) -> Tensor(a!)` */
export const hardsigmoid_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hardsigmoid_', [''])

/** `aten::hardswish(Tensor self) -> Tensor` */
export const hardswish: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hardswish', [''])

/** `aten::hardswish_(Tensor(a!) self) -> Tensor(a!)` */
export const hardswish_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hardswish_', [''])

/** `aten::hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor` */
export const hardtanh: {
  (self: Tensor, minVal?: Scalar, maxVal?: Scalar): Tensor
  (self: Tensor, options: { minVal?: Scalar | undefined; maxVal?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hardtanh', [''])

/** `aten::hardtanh_(Tensor(a!) self, Scalar min_val=-1, Scalar max_val=1) -> Tensor(a!)` */
export const hardtanh_: {
  (self: Tensor, minVal?: Scalar, maxVal?: Scalar): Tensor
  (self: Tensor, options: { minVal?: Scalar | undefined; maxVal?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hardtanh_', [''])

/** `aten::hash_tensor(Tensor self, int[1] dim=[], *, bool keepdim=False, int mode=0) -> Tensor` */
export const hashTensor: {
  (self: Tensor, dim?: number | readonly number[], options?: { keepdim?: boolean | undefined; mode?: number | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | undefined; keepdim?: boolean | undefined; mode?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hash_tensor', [''])

/** `aten::heaviside(Tensor self, Tensor values) -> Tensor` */
export const heaviside: {
  (self: Tensor, values: Tensor): Tensor
} = /* @__PURE__ */ define('aten::heaviside', [''])

/** `aten::heaviside_(Tensor(a!) self, Tensor values) -> Tensor(a!)` */
export const heaviside_: {
  (self: Tensor, values: Tensor): Tensor
} = /* @__PURE__ */ define('aten::heaviside_', [''])

/** `aten::hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor` */
export const hingeEmbeddingLoss: {
  (self: Tensor, target: Tensor, margin?: number, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { margin?: number | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::hinge_embedding_loss', [''])

/** `aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor` */
export const histc: {
  (self: Tensor, bins?: number, min?: Scalar, max?: Scalar): Tensor
  (self: Tensor, options: { bins?: number | undefined; min?: Scalar | undefined; max?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::histc', [''])

/**
 * - `aten::histogram.bin_ct(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)`
 * - `aten::histogram.bins_tensor(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor bin_edges)`
 */
export const histogram: {
  (self: Tensor, bins?: number, options?: { range?: readonly number[] | null | undefined; weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, options: { bins?: number | undefined; range?: readonly number[] | null | undefined; weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, bins: Tensor, options?: { weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::histogram', ['bin_ct', 'bins_tensor'])

/**
 * - `aten::histogramdd(Tensor self, int[] bins, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor[] bin_edges)`
 * - `aten::histogramdd.int_bins(Tensor self, int bins, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor[] bin_edges)`
 * - `aten::histogramdd.TensorList_bins(Tensor self, Tensor[] bins, float[]? range=None, Tensor? weight=None, bool density=False) -> (Tensor hist, Tensor[] bin_edges)`
 */
export const histogramdd: {
  (self: Tensor, bins: readonly number[] | number | readonly Tensor[], range?: readonly number[] | null, weight?: Tensor | null, options?: { density?: boolean | undefined }): [Tensor, Tensor[]]
  (self: Tensor, bins: readonly number[] | number | readonly Tensor[], options: { range?: readonly number[] | null | undefined; weight?: Tensor | null | undefined; density?: boolean | undefined }): [Tensor, Tensor[]]
} = /* @__PURE__ */ define('aten::histogramdd', ['', 'int_bins', 'TensorList_bins'])

/**
 * - `aten::hsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
 * - `aten::hsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
 */
export const hsplit: {
  (self: Tensor, indices: readonly number[] | number): Tensor[]
} = /* @__PURE__ */ define('aten::hsplit', ['array', 'int'])

/** `aten::hspmm(Tensor mat1, Tensor mat2) -> Tensor` */
export const hspmm: {
  (mat1: Tensor, mat2: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hspmm', [''])

/** `aten::hstack(Tensor[] tensors) -> Tensor` */
export const hstack: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::hstack', [''])

/** `aten::huber_loss(Tensor self, Tensor target, int reduction=1, float delta=1.) -> Tensor` */
export const huberLoss: {
  (self: Tensor, target: Tensor, reduction?: Reduction, delta?: number): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined; delta?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::huber_loss', [''])

/** `aten::hypot(Tensor self, Tensor other) -> Tensor` */
export const hypot: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hypot', [''])

/** `aten::hypot_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const hypot_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::hypot_', [''])

/** `aten::i0(Tensor self) -> Tensor` */
export const i0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::i0', [''])

/** `aten::i0_(Tensor(a!) self) -> Tensor(a!)` */
export const i0_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::i0_', [''])

/** `aten::igamma(Tensor self, Tensor other) -> Tensor` */
export const igamma: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::igamma', [''])

/** `aten::igamma_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const igamma_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::igamma_', [''])

/** `aten::igammac(Tensor self, Tensor other) -> Tensor` */
export const igammac: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::igammac', [''])

/** `aten::igammac_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const igammac_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::igammac_', [''])

/** `aten::im2col(Tensor self, int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride) -> Tensor` */
export const im2col: {
  (self: Tensor, kernelSize: number | readonly number[], dilation: number | readonly number[], padding: number | readonly number[], stride: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::im2col', [''])

/** `aten::imag(Tensor(a) self) -> Tensor(a)` */
export const imag: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::imag', [''])

/** `aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor` */
export const index: {
  (self: Tensor, indices: readonly (Tensor | null)[]): Tensor
} = /* @__PURE__ */ define('aten::index', ['Tensor'])

/** `aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor` */
export const indexAdd: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_add', [''])

/** `aten::index_add_(Tensor(a!) self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor(a!)` */
export const indexAdd_: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_add_', [''])

/** `aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor` */
export const indexCopy: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor
} = /* @__PURE__ */ define('aten::index_copy', [''])

/** `aten::index_copy_(Tensor(a!) self, int dim, Tensor index, Tensor source) -> Tensor(a!)` */
export const indexCopy_: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor): Tensor
} = /* @__PURE__ */ define('aten::index_copy_', [''])

/**
 * - `aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor`
 * - `aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor`
 */
export const indexFill: {
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::index_fill', ['int_Scalar', 'int_Tensor'])

/**
 * - `aten::index_fill_.int_Scalar(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)`
 * - `aten::index_fill_.int_Tensor(Tensor(a!) self, int dim, Tensor index, Tensor value) -> Tensor(a!)`
 */
export const indexFill_: {
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::index_fill_', ['int_Scalar', 'int_Tensor'])

/** `aten::index_put(Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor` */
export const indexPut: {
  (self: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: { accumulate?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_put', [''])

/** `aten::index_put_(Tensor(a!) self, Tensor?[] indices, Tensor values, bool accumulate=False) -> Tensor(a!)` */
export const indexPut_: {
  (self: Tensor, indices: readonly (Tensor | null)[], values: Tensor, options?: { accumulate?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_put_', [''])

/** `aten::index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor` */
export const indexReduce: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_reduce', [''])

/** `aten::index_reduce_(Tensor(a!) self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor(a!)` */
export const indexReduce_: {
  (self: Tensor, dim: number, index: Tensor, source: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::index_reduce_', [''])

/** `aten::index_select(Tensor self, int dim, Tensor index) -> Tensor` */
export const indexSelect: {
  (self: Tensor, dim: number, index: Tensor): Tensor
} = /* @__PURE__ */ define('aten::index_select', [''])

/** `aten::indices(Tensor(a) self) -> Tensor(a)` */
export const indices: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::indices', [''])

/** `aten::inner(Tensor self, Tensor other) -> Tensor` */
export const inner: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::inner', [''])

/** `aten::instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled) -> Tensor` */
export const instanceNorm: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, runningMean: Tensor | null, runningVar: Tensor | null, useInputStats: boolean, momentum: number, eps: number, cudnnEnabled: boolean): Tensor
} = /* @__PURE__ */ define('aten::instance_norm', [''])

/** `aten::int_repr(Tensor self) -> Tensor` */
export const intRepr: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::int_repr', [''])

/** `aten::inverse(Tensor self) -> Tensor` */
export const inverse: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::inverse', [''])

/** `aten::is_coalesced(Tensor self) -> bool` */
export const isCoalesced: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_coalesced', [''])

/** `aten::is_complex(Tensor self) -> bool` */
export const isComplex: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_complex', [''])

/** `aten::is_conj(Tensor self) -> bool` */
export const isConj: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_conj', [''])

/** `aten::is_distributed(Tensor self) -> bool` */
export const isDistributed: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_distributed', [''])

/** `aten::is_floating_point(Tensor self) -> bool` */
export const isFloatingPoint: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_floating_point', [''])

/** `aten::is_inference(Tensor self) -> bool` */
export const isInference: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_inference', [''])

/** `aten::is_leaf(Tensor self) -> bool` */
export const isLeaf: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_leaf', [''])

/** `aten::is_neg(Tensor self) -> bool` */
export const isNeg: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_neg', [''])

/** `aten::is_nonzero(Tensor self) -> bool` */
export const isNonzero: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_nonzero', [''])

/** `aten::is_pinned(Tensor self, Device? device=None) -> bool` */
export const isPinned: {
  (self: Tensor, device?: Device | null): boolean
  (self: Tensor, options: { device?: Device | null | undefined }): boolean
} = /* @__PURE__ */ define('aten::is_pinned', [''])

/** `aten::is_same_size(Tensor self, Tensor other) -> bool` */
export const isSameSize: {
  (self: Tensor, other: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_same_size', [''])

/** `aten::is_set_to(Tensor self, Tensor tensor) -> bool` */
export const isSetTo: {
  (self: Tensor, tensor: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_set_to', [''])

/** `aten::is_signed(Tensor self) -> bool` */
export const isSigned: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::is_signed', [''])

/** `aten::is_vulkan_available() -> bool` */
export const isVulkanAvailable: {
  (): boolean
} = /* @__PURE__ */ define('aten::is_vulkan_available', [''])

/** `aten::isclose(Tensor self, Tensor other, float rtol=1.0000000000000001e-05, float atol=1e-08, bool equal_nan=False) -> Tensor` */
export const isclose: {
  (self: Tensor, other: Tensor, rtol?: number, atol?: number, options?: { equalNan?: boolean | undefined }): Tensor
  (self: Tensor, other: Tensor, options: { rtol?: number | undefined; atol?: number | undefined; equalNan?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::isclose', [''])

/** `aten::isfinite(Tensor self) -> Tensor` */
export const isfinite: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isfinite', [''])

/**
 * - `aten::isin.Scalar_Tensor(Scalar element, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor`
 * - `aten::isin.Tensor_Scalar(Tensor elements, Scalar test_element, *, bool assume_unique=False, bool invert=False) -> Tensor`
 * - `aten::isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False) -> Tensor`
 */
export const isin: {
  (element: Scalar | Tensor, testElements: Tensor, options?: { assumeUnique?: boolean | undefined; invert?: boolean | undefined }): Tensor
  (elements: Tensor, testElement: Scalar, options?: { assumeUnique?: boolean | undefined; invert?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::isin', ['Scalar_Tensor', 'Tensor_Scalar', 'Tensor_Tensor'])

/** `aten::isinf(Tensor self) -> Tensor` */
export const isinf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isinf', [''])

/** `aten::isnan(Tensor self) -> Tensor` */
export const isnan: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isnan', [''])

/** `aten::isneginf(Tensor self) -> Tensor` */
export const isneginf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isneginf', [''])

/** `aten::isposinf(Tensor self) -> Tensor` */
export const isposinf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isposinf', [''])

/** `aten::isreal(Tensor self) -> Tensor` */
export const isreal: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::isreal', [''])

/** `aten::istft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, bool normalized=False, bool? onesided=None, int? length=None, bool return_complex=False) -> Tensor` */
export const istft: {
  (self: Tensor, nFft: number, hopLength?: number | null, winLength?: number | null, window?: Tensor | null, options?: { center?: boolean | undefined; normalized?: boolean | undefined; onesided?: boolean | null | undefined; length?: number | null | undefined; returnComplex?: boolean | undefined }): Tensor
  (self: Tensor, nFft: number, options: { hopLength?: number | null | undefined; winLength?: number | null | undefined; window?: Tensor | null | undefined; center?: boolean | undefined; normalized?: boolean | undefined; onesided?: boolean | null | undefined; length?: number | null | undefined; returnComplex?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::istft', [''])

/** `aten::item(Tensor self) -> Scalar` */
export const item: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::item', [''])

/**
 * - `aten::kaiser_window.beta(int window_length, bool periodic, float beta, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::kaiser_window.periodic(int window_length, bool periodic, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::kaiser_window(int window_length, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const kaiserWindow: {
  (windowLength: number, periodic: boolean, beta: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, periodic: boolean, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (windowLength: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::kaiser_window', ['beta', 'periodic', ''])

/** `aten::kl_div(Tensor self, Tensor target, int reduction=1, *, bool log_target=False) -> Tensor` */
export const klDiv: {
  (self: Tensor, target: Tensor, reduction?: Reduction, options?: { logTarget?: boolean | undefined }): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined; logTarget?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::kl_div', [''])

/** `aten::kron(Tensor self, Tensor other) -> Tensor` */
export const kron: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::kron', [''])

/** `aten::kthvalue(Tensor self, SymInt k, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)` */
export const kthvalue: {
  (self: Tensor, k: number, dim?: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, k: number, options: { dim?: number | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::kthvalue', [''])

/** `aten::l1_loss(Tensor self, Tensor target, int reduction=1) -> Tensor` */
export const l1Loss: {
  (self: Tensor, target: Tensor, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::l1_loss', [''])

/** `aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor` */
export const layerNorm: {
  (input: Tensor, normalizedShape: readonly number[], weight?: Tensor | null, bias?: Tensor | null, eps?: number, options?: { cudnnEnable?: boolean | undefined }): Tensor
  (input: Tensor, normalizedShape: readonly number[], options: { weight?: Tensor | null | undefined; bias?: Tensor | null | undefined; eps?: number | undefined; cudnnEnable?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::layer_norm', [''])

/** `aten::lcm(Tensor self, Tensor other) -> Tensor` */
export const lcm: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lcm', [''])

/** `aten::lcm_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const lcm_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lcm_', [''])

/** `aten::ldexp.Tensor(Tensor self, Tensor other) -> Tensor` */
export const ldexp: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ldexp', ['Tensor'])

/** `aten::ldexp_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const ldexp_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ldexp_', [''])

/**
 * - `aten::le.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::le.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const le: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::le', ['Scalar', 'Tensor'])

/**
 * - `aten::le_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::le_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const le_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::le_', ['Scalar', 'Tensor'])

/** `aten::leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor` */
export const leakyRelu: {
  (self: Tensor, negativeSlope?: Scalar): Tensor
  (self: Tensor, options: { negativeSlope?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::leaky_relu', [''])

/** `aten::leaky_relu_(Tensor(a!) self, Scalar negative_slope=0.01) -> Tensor(a!)` */
export const leakyRelu_: {
  (self: Tensor, negativeSlope?: Scalar): Tensor
  (self: Tensor, options: { negativeSlope?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::leaky_relu_', [''])

/**
 * - `aten::lerp.Scalar(Tensor self, Tensor end, Scalar weight) -> Tensor`
 * - `aten::lerp.Tensor(Tensor self, Tensor end, Tensor weight) -> Tensor`
 */
export const lerp: {
  (self: Tensor, end: Tensor, weight: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::lerp', ['Scalar', 'Tensor'])

/**
 * - `aten::lerp_.Scalar(Tensor(a!) self, Tensor end, Scalar weight) -> Tensor(a!)`
 * - `aten::lerp_.Tensor(Tensor(a!) self, Tensor end, Tensor weight) -> Tensor(a!)`
 */
export const lerp_: {
  (self: Tensor, end: Tensor, weight: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::lerp_', ['Scalar', 'Tensor'])

/**
 * - `aten::less.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::less.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const less: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::less', ['Scalar', 'Tensor'])

/**
 * - `aten::less_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::less_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const less_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::less_', ['Scalar', 'Tensor'])

/**
 * - `aten::less_equal.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::less_equal.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const lessEqual: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::less_equal', ['Scalar', 'Tensor'])

/**
 * - `aten::less_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::less_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const lessEqual_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::less_equal_', ['Scalar', 'Tensor'])

/** `aten::lgamma(Tensor self) -> Tensor` */
export const lgamma: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lgamma', [''])

/** `aten::lgamma_(Tensor(a!) self) -> Tensor(a!)` */
export const lgamma_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lgamma_', [''])

/** `aten::lift(Tensor self) -> Tensor` */
export const lift: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lift', [''])

/** `aten::lift_fresh(Tensor(a) self) -> Tensor(a)` */
export const liftFresh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lift_fresh', [''])

/** `aten::linalg__powsum(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export const linalgPowsum: {
  (self: Tensor, ord?: Scalar, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { ord?: Scalar | undefined; dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg__powsum', [''])

/** `aten::linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor` */
export const linalgCholesky: {
  (self: Tensor, options?: { upper?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_cholesky', [''])

/** `aten::linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)` */
export const linalgCholeskyEx: {
  (self: Tensor, options?: { upper?: boolean | undefined; checkErrors?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_cholesky_ex', [''])

/**
 * - `aten::linalg_cond(Tensor self, Scalar? p=None) -> Tensor`
 * - `aten::linalg_cond.p_str(Tensor self, str p) -> Tensor`
 */
export const linalgCond: {
  (self: Tensor, p?: Scalar | null): Tensor
  (self: Tensor, options: { p?: Scalar | null | undefined }): Tensor
  (self: Tensor, p: string): Tensor
} = /* @__PURE__ */ define('aten::linalg_cond', ['', 'p_str'])

/** `aten::linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor` */
export const linalgCross: {
  (self: Tensor, other: Tensor, options?: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_cross', [''])

/** `aten::linalg_det(Tensor A) -> Tensor` */
export const linalgDet: {
  (A: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_det', [''])

/** `aten::linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)` */
export const linalgDiagonal: {
  (A: Tensor, options?: { offset?: number | undefined; dim1?: number | undefined; dim2?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_diagonal', [''])

/** `aten::linalg_eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)` */
export const linalgEig: {
  (self: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_eig', [''])

/** `aten::linalg_eigh(Tensor self, str UPLO="L") -> (Tensor eigenvalues, Tensor eigenvectors)` */
export const linalgEigh: {
  (self: Tensor, UPLO?: string): [Tensor, Tensor]
  (self: Tensor, options: { UPLO?: string | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_eigh', [''])

/** `aten::linalg_eigvals(Tensor self) -> Tensor` */
export const linalgEigvals: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_eigvals', [''])

/** `aten::linalg_eigvalsh(Tensor self, str UPLO="L") -> Tensor` */
export const linalgEigvalsh: {
  (self: Tensor, UPLO?: string): Tensor
  (self: Tensor, options: { UPLO?: string | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_eigvalsh', [''])

/** `aten::linalg_householder_product(Tensor input, Tensor tau) -> Tensor` */
export const linalgHouseholderProduct: {
  (input: Tensor, tau: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_householder_product', [''])

/** `aten::linalg_inv(Tensor A) -> Tensor` */
export const linalgInv: {
  (A: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_inv', [''])

/** `aten::linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)` */
export const linalgInvEx: {
  (A: Tensor, options?: { checkErrors?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_inv_ex', [''])

/** `aten::linalg_ldl_factor(Tensor self, *, bool hermitian=False) -> (Tensor LD, Tensor pivots)` */
export const linalgLdlFactor: {
  (self: Tensor, options?: { hermitian?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_ldl_factor', [''])

/** `aten::linalg_ldl_factor_ex(Tensor self, *, bool hermitian=False, bool check_errors=False) -> (Tensor LD, Tensor pivots, Tensor info)` */
export const linalgLdlFactorEx: {
  (self: Tensor, options?: { hermitian?: boolean | undefined; checkErrors?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_ldl_factor_ex', [''])

/** `aten::linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False) -> Tensor` */
export const linalgLdlSolve: {
  (LD: Tensor, pivots: Tensor, B: Tensor, options?: { hermitian?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_ldl_solve', [''])

/** `aten::linalg_lstsq(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> (Tensor solution, Tensor residuals, Tensor rank, Tensor singular_values)` */
export const linalgLstsq: {
  (self: Tensor, b: Tensor, rcond?: number | null, options?: { driver?: string | null | undefined }): [Tensor, Tensor, Tensor, Tensor]
  (self: Tensor, b: Tensor, options: { rcond?: number | null | undefined; driver?: string | null | undefined }): [Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_lstsq', [''])

/** `aten::linalg_lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)` */
export const linalgLu: {
  (A: Tensor, options?: { pivot?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_lu', [''])

/** `aten::linalg_lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)` */
export const linalgLuFactor: {
  (A: Tensor, options?: { pivot?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_lu_factor', [''])

/** `aten::linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)` */
export const linalgLuFactorEx: {
  (A: Tensor, options?: { pivot?: boolean | undefined; checkErrors?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_lu_factor_ex', [''])

/** `aten::linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor` */
export const linalgLuSolve: {
  (LU: Tensor, pivots: Tensor, B: Tensor, options?: { left?: boolean | undefined; adjoint?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_lu_solve', [''])

/** `aten::linalg_matmul(Tensor self, Tensor other) -> Tensor` */
export const linalgMatmul: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_matmul', [''])

/** `aten::linalg_matrix_exp(Tensor self) -> Tensor` */
export const linalgMatrixExp: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::linalg_matrix_exp', [''])

/**
 * - `aten::linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 * - `aten::linalg_matrix_norm.str_ord(Tensor self, str ord="fro", int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 */
export const linalgMatrixNorm: {
  (self: Tensor, ord: Scalar, dim?: readonly number[], options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, ord: Scalar, options: { dim?: readonly number[] | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, ord?: string, dim?: readonly number[], options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { ord?: string | undefined; dim?: readonly number[] | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_matrix_norm', ['', 'str_ord'])

/** `aten::linalg_matrix_power(Tensor self, int n) -> Tensor` */
export const linalgMatrixPower: {
  (self: Tensor, n: number): Tensor
} = /* @__PURE__ */ define('aten::linalg_matrix_power', [''])

/**
 * - `aten::linalg_matrix_rank(Tensor self, float tol, bool hermitian=False) -> Tensor`
 * - `aten::linalg_matrix_rank.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor`
 * - `aten::linalg_matrix_rank.tol_tensor(Tensor input, Tensor tol, bool hermitian=False) -> Tensor`
 * - `aten::linalg_matrix_rank.atol_rtol_tensor(Tensor input, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor`
 */
export const linalgMatrixRank: {
  (self: Tensor, tol: number | Tensor, options?: { hermitian?: boolean | undefined }): Tensor
  (self: Tensor, options?: { atol?: number | null | undefined; rtol?: number | null | undefined; hermitian?: boolean | undefined }): Tensor
  (input: Tensor, options?: { atol?: Tensor | null | undefined; rtol?: Tensor | null | undefined; hermitian?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_matrix_rank', ['', 'atol_rtol_float', 'tol_tensor', 'atol_rtol_tensor'])

/** `aten::linalg_multi_dot(Tensor[] tensors) -> Tensor` */
export const linalgMultiDot: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::linalg_multi_dot', [''])

/**
 * - `aten::linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 * - `aten::linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 */
export const linalgNorm: {
  (self: Tensor, ord?: Scalar | null, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { ord?: Scalar | null | undefined; dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, ord: string, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, ord: string, options: { dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_norm', ['', 'ord_str'])

/**
 * - `aten::linalg_pinv(Tensor self, float rcond, bool hermitian=False) -> Tensor`
 * - `aten::linalg_pinv.atol_rtol_float(Tensor self, *, float? atol=None, float? rtol=None, bool hermitian=False) -> Tensor`
 * - `aten::linalg_pinv.rcond_tensor(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor`
 * - `aten::linalg_pinv.atol_rtol_tensor(Tensor self, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False) -> Tensor`
 */
export const linalgPinv: {
  (self: Tensor, rcond: number | Tensor, options?: { hermitian?: boolean | undefined }): Tensor
  (self: Tensor, options?: { atol?: number | null | undefined; rtol?: number | null | undefined; hermitian?: boolean | undefined }): Tensor
  (self: Tensor, options?: { atol?: Tensor | null | undefined; rtol?: Tensor | null | undefined; hermitian?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_pinv', ['', 'atol_rtol_float', 'rcond_tensor', 'atol_rtol_tensor'])

/** `aten::linalg_qr(Tensor A, str mode="reduced") -> (Tensor Q, Tensor R)` */
export const linalgQr: {
  (A: Tensor, mode?: string): [Tensor, Tensor]
  (A: Tensor, options: { mode?: string | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_qr', [''])

/** `aten::linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)` */
export const linalgSlogdet: {
  (A: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_slogdet', [''])

/** `aten::linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor` */
export const linalgSolve: {
  (A: Tensor, B: Tensor, options?: { left?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_solve', [''])

/** `aten::linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)` */
export const linalgSolveEx: {
  (A: Tensor, B: Tensor, options?: { left?: boolean | undefined; checkErrors?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_solve_ex', [''])

/** `aten::linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor` */
export const linalgSolveTriangular: {
  (self: Tensor, B: Tensor, options: { upper: boolean; left?: boolean | undefined; unitriangular?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_solve_triangular', [''])

/** `aten::linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)` */
export const linalgSvd: {
  (A: Tensor, options?: { fullMatrices?: boolean | undefined; driver?: string | null | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::linalg_svd', [''])

/** `aten::linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor` */
export const linalgSvdvals: {
  (A: Tensor, options?: { driver?: string | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_svdvals', [''])

/** `aten::linalg_tensorinv(Tensor self, int ind=2) -> Tensor` */
export const linalgTensorinv: {
  (self: Tensor, ind?: number): Tensor
  (self: Tensor, options: { ind?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_tensorinv', [''])

/** `aten::linalg_tensorsolve(Tensor self, Tensor other, int[]? dims=None) -> Tensor` */
export const linalgTensorsolve: {
  (self: Tensor, other: Tensor, dims?: readonly number[] | null): Tensor
  (self: Tensor, other: Tensor, options: { dims?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_tensorsolve', [''])

/** `aten::linalg_vander(Tensor x, *, SymInt? N=None) -> Tensor` */
export const linalgVander: {
  (x: Tensor, options?: { N?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_vander', [''])

/** `aten::linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor` */
export const linalgVecdot: {
  (x: Tensor, y: Tensor, options?: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_vecdot', [''])

/** `aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export const linalgVectorNorm: {
  (self: Tensor, ord?: Scalar, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { ord?: Scalar | undefined; dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linalg_vector_norm', [''])

/** `aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor` */
export const linear: {
  (input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor
  (input: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linear', [''])

/**
 * - `aten::linspace(Scalar start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::linspace.Scalar_Tensor(Scalar start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::linspace.Tensor_Scalar(Tensor start, Scalar end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::linspace.Tensor_Tensor(Tensor start, Tensor end, int steps, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const linspace: {
  (start: Scalar, end: Scalar | Tensor, steps: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Tensor, end: Scalar | Tensor, steps: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::linspace', ['', 'Scalar_Tensor', 'Tensor_Scalar', 'Tensor_Tensor'])

/** `aten::log(Tensor self) -> Tensor` */
export const log: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log', [''])

/** `aten::log10(Tensor self) -> Tensor` */
export const log10: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log10', [''])

/** `aten::log10_(Tensor(a!) self) -> Tensor(a!)` */
export const log10_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log10_', [''])

/** `aten::log1p(Tensor self) -> Tensor` */
export const log1p: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log1p', [''])

/** `aten::log1p_(Tensor(a!) self) -> Tensor(a!)` */
export const log1p_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log1p_', [''])

/** `aten::log2(Tensor self) -> Tensor` */
export const log2: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log2', [''])

/** `aten::log2_(Tensor(a!) self) -> Tensor(a!)` */
export const log2_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log2_', [''])

/** `aten::log_(Tensor(a!) self) -> Tensor(a!)` */
export const log_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log_', [''])

/** `aten::log_normal(Tensor self, float mean=1., float std=2., *, Generator? generator=None) -> Tensor` */
export const logNormal: {
  (self: Tensor, mean?: number, std?: number): Tensor
  (self: Tensor, options: { mean?: number | undefined; std?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::log_normal', [''])

/** `aten::log_normal_(Tensor(a!) self, float mean=1., float std=2., *, Generator? generator=None) -> Tensor(a!)` */
export const logNormal_: {
  (self: Tensor, mean?: number, std?: number): Tensor
  (self: Tensor, options: { mean?: number | undefined; std?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::log_normal_', [''])

/** `aten::log_sigmoid(Tensor self) -> Tensor` */
export const logSigmoid: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::log_sigmoid', [''])

/** `aten::log_sigmoid_forward(Tensor self) -> (Tensor output, Tensor buffer)` */
export const logSigmoidForward: {
  (self: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::log_sigmoid_forward', [''])

/** `aten::log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
export const logSoftmax: {
  (self: Tensor, dim: number, dtype?: DType | null): Tensor
  (self: Tensor, dim: number, options: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::log_softmax', ['int'])

/** `aten::logaddexp(Tensor self, Tensor other) -> Tensor` */
export const logaddexp: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logaddexp', [''])

/** `aten::logaddexp2(Tensor self, Tensor other) -> Tensor` */
export const logaddexp2: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logaddexp2', [''])

/** `aten::logcumsumexp(Tensor self, int dim) -> Tensor` */
export const logcumsumexp: {
  (self: Tensor, dim: number): Tensor
} = /* @__PURE__ */ define('aten::logcumsumexp', [''])

/** `aten::logdet(Tensor self) -> Tensor` */
export const logdet: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logdet', [''])

/** `aten::logical_and(Tensor self, Tensor other) -> Tensor` */
export const logicalAnd: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_and', [''])

/** `aten::logical_and_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const logicalAnd_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_and_', [''])

/** `aten::logical_not(Tensor self) -> Tensor` */
export const logicalNot: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_not', [''])

/** `aten::logical_not_(Tensor(a!) self) -> Tensor(a!)` */
export const logicalNot_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_not_', [''])

/** `aten::logical_or(Tensor self, Tensor other) -> Tensor` */
export const logicalOr: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_or', [''])

/** `aten::logical_or_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const logicalOr_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_or_', [''])

/** `aten::logical_xor(Tensor self, Tensor other) -> Tensor` */
export const logicalXor: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_xor', [''])

/** `aten::logical_xor_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const logicalXor_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::logical_xor_', [''])

/** `aten::logit(Tensor self, float? eps=None) -> Tensor` */
export const logit: {
  (self: Tensor, eps?: number | null): Tensor
  (self: Tensor, options: { eps?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::logit', [''])

/** `aten::logit_(Tensor(a!) self, float? eps=None) -> Tensor(a!)` */
export const logit_: {
  (self: Tensor, eps?: number | null): Tensor
  (self: Tensor, options: { eps?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::logit_', [''])

/**
 * - `aten::logspace(Scalar start, Scalar end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::logspace.Scalar_Tensor(Scalar start, Tensor end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::logspace.Tensor_Scalar(Tensor start, Scalar end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::logspace.Tensor_Tensor(Tensor start, Tensor end, int steps, float base=10., *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const logspace: {
  (start: Scalar, end: Scalar | Tensor, steps: number, base?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Scalar, end: Scalar | Tensor, steps: number, options: { base?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Tensor, end: Scalar | Tensor, steps: number, base?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Tensor, end: Scalar | Tensor, steps: number, options: { base?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::logspace', ['', 'Scalar_Tensor', 'Tensor_Scalar', 'Tensor_Tensor'])

/** `aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor` */
export const logsumexp: {
  (self: Tensor, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::logsumexp', [''])

/**
 * - `aten::lstm.input(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor, Tensor)`
 * - `aten::lstm.data(Tensor data, Tensor batch_sizes, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor, Tensor)`
 */
export const lstm: {
  (input: Tensor, hx: readonly Tensor[], params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean): [Tensor, Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: readonly Tensor[], params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::lstm', ['input', 'data'])

/** `aten::lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> (Tensor, Tensor)` */
export const lstmCell: {
  (input: Tensor, hx: readonly Tensor[], wIh: Tensor, wHh: Tensor, bIh?: Tensor | null, bHh?: Tensor | null): [Tensor, Tensor]
  (input: Tensor, hx: readonly Tensor[], wIh: Tensor, wHh: Tensor, options: { bIh?: Tensor | null | undefined; bHh?: Tensor | null | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::lstm_cell', [''])

/**
 * - `aten::lt.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::lt.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const lt: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::lt', ['Scalar', 'Tensor'])

/**
 * - `aten::lt_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::lt_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const lt_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::lt_', ['Scalar', 'Tensor'])

/** `aten::lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor` */
export const luSolve: {
  (self: Tensor, LUData: Tensor, LUPivots: Tensor): Tensor
} = /* @__PURE__ */ define('aten::lu_solve', [''])

/** `aten::lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, Tensor L, Tensor U)` */
export const luUnpack: {
  (LUData: Tensor, LUPivots: Tensor, options?: { unpackData?: boolean | undefined; unpackPivots?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::lu_unpack', [''])

/** `aten::mH(Tensor(a) self) -> Tensor(a)` */
export const mH: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::mH', [''])

/** `aten::mT(Tensor(a) self) -> Tensor(a)` */
export const mT: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::mT', [''])

/** `aten::margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor` */
export const marginRankingLoss: {
  (input1: Tensor, input2: Tensor, target: Tensor, margin?: number, reduction?: Reduction): Tensor
  (input1: Tensor, input2: Tensor, target: Tensor, options: { margin?: number | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::margin_ranking_loss', [''])

/**
 * - `aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor`
 * - `aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor`
 */
export const maskedFill: {
  (self: Tensor, mask: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::masked_fill', ['Scalar', 'Tensor'])

/**
 * - `aten::masked_fill_.Scalar(Tensor(a!) self, Tensor mask, Scalar value) -> Tensor(a!)`
 * - `aten::masked_fill_.Tensor(Tensor(a!) self, Tensor mask, Tensor value) -> Tensor(a!)`
 */
export const maskedFill_: {
  (self: Tensor, mask: Tensor, value: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::masked_fill_', ['Scalar', 'Tensor'])

/** `aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor` */
export const maskedScatter: {
  (self: Tensor, mask: Tensor, source: Tensor): Tensor
} = /* @__PURE__ */ define('aten::masked_scatter', [''])

/** `aten::masked_scatter_(Tensor(a!) self, Tensor mask, Tensor source) -> Tensor(a!)` */
export const maskedScatter_: {
  (self: Tensor, mask: Tensor, source: Tensor): Tensor
} = /* @__PURE__ */ define('aten::masked_scatter_', [''])

/** `aten::masked_select(Tensor self, Tensor mask) -> Tensor` */
export const maskedSelect: {
  (self: Tensor, mask: Tensor): Tensor
} = /* @__PURE__ */ define('aten::masked_select', [''])

/** `aten::matmul(Tensor self, Tensor other) -> Tensor` */
export const matmul: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::matmul', [''])

/** `aten::matrix_H(Tensor(a) self) -> Tensor(a)` */
export const matrix_H: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::matrix_H', [''])

/** `aten::matrix_exp(Tensor self) -> Tensor` */
export const matrixExp: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::matrix_exp', [''])

/** `aten::matrix_power(Tensor self, int n) -> Tensor` */
export const matrixPower: {
  (self: Tensor, n: number): Tensor
} = /* @__PURE__ */ define('aten::matrix_power', [''])

/**
 * - `aten::max(Tensor self) -> Tensor`
 * - `aten::max.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
 * - `aten::max.other(Tensor self, Tensor other) -> Tensor`
 */
export const max: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::max', ['', 'dim', 'other'])

/** `aten::max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> Tensor` */
export const maxPool1d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::max_pool1d', [''])

/** `aten::max_pool1d_with_indices(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> (Tensor, Tensor)` */
export const maxPool1dWithIndices: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::max_pool1d_with_indices', [''])

/** `aten::max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor` */
export const maxPool2d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::max_pool2d', [''])

/** `aten::max_pool2d_with_indices(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)` */
export const maxPool2dWithIndices: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::max_pool2d_with_indices', [''])

/** `aten::max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor` */
export const maxPool3d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::max_pool3d', [''])

/** `aten::max_pool3d_with_indices(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> (Tensor, Tensor)` */
export const maxPool3dWithIndices: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::max_pool3d_with_indices', [''])

/** `aten::max_unpool2d(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor` */
export const maxUnpool2d: {
  (self: Tensor, indices: Tensor, outputSize: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::max_unpool2d', [''])

/** `aten::max_unpool3d(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) -> Tensor` */
export const maxUnpool3d: {
  (self: Tensor, indices: Tensor, outputSize: number | readonly number[], stride: number | readonly number[], padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::max_unpool3d', [''])

/** `aten::maximum(Tensor self, Tensor other) -> Tensor` */
export const maximum: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::maximum', [''])

/**
 * - `aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 * - `aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor`
 */
export const mean: {
  (self: Tensor, dim: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mean', ['dim', ''])

/**
 * - `aten::median(Tensor self) -> Tensor`
 * - `aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
 */
export const median: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::median', ['', 'dim'])

/**
 * - `aten::meshgrid(Tensor[] tensors) -> Tensor[]`
 * - `aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]`
 */
export const meshgrid: {
  (tensors: readonly Tensor[]): Tensor[]
  (tensors: readonly Tensor[], options: { indexing: 'ij' | 'xy' }): Tensor[]
} = /* @__PURE__ */ define('aten::meshgrid', ['', 'indexing'])

/**
 * - `aten::min(Tensor self) -> Tensor`
 * - `aten::min.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
 * - `aten::min.other(Tensor self, Tensor other) -> Tensor`
 */
export const min: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::min', ['', 'dim', 'other'])

/** `aten::minimum(Tensor self, Tensor other) -> Tensor` */
export const minimum: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::minimum', [''])

/** `aten::miopen_batch_norm(Tensor input, Tensor weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float exponential_average_factor, float epsilon) -> (Tensor, Tensor, Tensor)` */
export const miopenBatchNorm: {
  (input: Tensor, weight: Tensor, bias: Tensor | null, runningMean: Tensor | null, runningVar: Tensor | null, training: boolean, exponentialAverageFactor: number, epsilon: number): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::miopen_batch_norm', [''])

/** `aten::miopen_convolution(Tensor self, Tensor weight, Tensor? bias, SymInt[] padding, SymInt[] stride, SymInt[] dilation, SymInt groups, bool benchmark, bool deterministic) -> Tensor` */
export const miopenConvolution: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, padding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number, benchmark: boolean, deterministic: boolean): Tensor
} = /* @__PURE__ */ define('aten::miopen_convolution', [''])

/** `aten::miopen_convolution_add_relu(Tensor self, Tensor weight, Tensor z, Scalar? alpha, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, SymInt groups) -> Tensor` */
export const miopenConvolutionAddRelu: {
  (self: Tensor, weight: Tensor, z: Tensor, alpha: Scalar | null, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::miopen_convolution_add_relu', [''])

/** `aten::miopen_convolution_relu(Tensor self, Tensor weight, Tensor? bias, SymInt[] stride, SymInt[] padding, SymInt[] dilation, SymInt groups) -> Tensor` */
export const miopenConvolutionRelu: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, stride: readonly number[], padding: readonly number[], dilation: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::miopen_convolution_relu', [''])

/** `aten::miopen_convolution_transpose(Tensor self, Tensor weight, Tensor? bias, SymInt[] padding, SymInt[] output_padding, SymInt[] stride, SymInt[] dilation, SymInt groups, bool benchmark, bool deterministic) -> Tensor` */
export const miopenConvolutionTranspose: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, padding: readonly number[], outputPadding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number, benchmark: boolean, deterministic: boolean): Tensor
} = /* @__PURE__ */ define('aten::miopen_convolution_transpose', [''])

/**
 * - `aten::miopen_ctc_loss(Tensor log_probs, Tensor targets, int[] input_lengths, int[] target_lengths, int blank, bool deterministic, bool zero_infinity) -> (Tensor, Tensor)`
 * - `aten::miopen_ctc_loss.Tensor(Tensor log_probs, Tensor targets, Tensor input_lengths, Tensor target_lengths, int blank, bool deterministic, bool zero_infinity) -> (Tensor, Tensor)`
 */
export const miopenCtcLoss: {
  (logProbs: Tensor, targets: Tensor, inputLengths: readonly number[], targetLengths: readonly number[], blank: number, deterministic: boolean, zeroInfinity: boolean): [Tensor, Tensor]
  (logProbs: Tensor, targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: number, deterministic: boolean, zeroInfinity: boolean): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::miopen_ctc_loss', ['', 'Tensor'])

/** `aten::miopen_depthwise_convolution(Tensor self, Tensor weight, Tensor? bias, SymInt[] padding, SymInt[] stride, SymInt[] dilation, SymInt groups, bool benchmark, bool deterministic) -> Tensor` */
export const miopenDepthwiseConvolution: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, padding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number, benchmark: boolean, deterministic: boolean): Tensor
} = /* @__PURE__ */ define('aten::miopen_depthwise_convolution', [''])

/** `aten::miopen_rnn(Tensor input, Tensor[] weight, int weight_stride0, Tensor hx, Tensor? cx, int mode, int hidden_size, int num_layers, bool batch_first, float dropout, bool train, bool bidirectional, int[] batch_sizes, Tensor? dropout_state) -> (Tensor, Tensor, Tensor, Tensor, Tensor)` */
export const miopenRnn: {
  (input: Tensor, weight: readonly Tensor[], weightStride0: number, hx: Tensor, cx: Tensor | null, mode: number, hiddenSize: number, numLayers: number, batchFirst: boolean, dropout: number, train: boolean, bidirectional: boolean, batchSizes: readonly number[], dropoutState: Tensor | null): [Tensor, Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::miopen_rnn', [''])

/** `aten::mish(Tensor self) -> Tensor` */
export const mish: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::mish', [''])

/** `aten::mish_(Tensor(a!) self) -> Tensor(a!)` */
export const mish_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::mish_', [''])

/** `aten::mkldnn_adaptive_avg_pool2d(Tensor self, int[2] output_size) -> Tensor` */
export const mkldnnAdaptiveAvgPool2d: {
  (self: Tensor, outputSize: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_adaptive_avg_pool2d', [''])

/** `aten::mkldnn_convolution(Tensor self, Tensor weight, Tensor? bias, SymInt[] padding, SymInt[] stride, SymInt[] dilation, SymInt groups) -> Tensor` */
export const mkldnnConvolution: {
  (self: Tensor, weight: Tensor, bias: Tensor | null, padding: readonly number[], stride: readonly number[], dilation: readonly number[], groups: number): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_convolution', [''])

/** `aten::mkldnn_linear(Tensor self, Tensor weight, Tensor? bias=None) -> Tensor` */
export const mkldnnLinear: {
  (self: Tensor, weight: Tensor, bias?: Tensor | null): Tensor
  (self: Tensor, weight: Tensor, options: { bias?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_linear', [''])

/** `aten::mkldnn_max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor` */
export const mkldnnMaxPool2d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_max_pool2d', [''])

/** `aten::mkldnn_max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor` */
export const mkldnnMaxPool3d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_max_pool3d', [''])

/** `aten::mkldnn_reorder_conv2d_weight(Tensor self, SymInt[2] padding=[0, 0], SymInt[2] stride=[1, 1], SymInt[2] dilation=[1, 1], SymInt groups=1, SymInt[]? input_size=None) -> Tensor` */
export const mkldnnReorderConv2dWeight: {
  (self: Tensor, padding?: number | readonly number[], stride?: number | readonly number[], dilation?: number | readonly number[], groups?: number, inputSize?: readonly number[] | null): Tensor
  (self: Tensor, options: { padding?: number | readonly number[] | undefined; stride?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined; inputSize?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_reorder_conv2d_weight', [''])

/** `aten::mkldnn_reorder_conv3d_weight(Tensor self, SymInt[3] padding=[0, 0, 0], SymInt[3] stride=[1, 1, 1], SymInt[3] dilation=[1, 1, 1], SymInt groups=1, SymInt[]? input_size=None) -> Tensor` */
export const mkldnnReorderConv3dWeight: {
  (self: Tensor, padding?: number | readonly number[], stride?: number | readonly number[], dilation?: number | readonly number[], groups?: number, inputSize?: readonly number[] | null): Tensor
  (self: Tensor, options: { padding?: number | readonly number[] | undefined; stride?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; groups?: number | undefined; inputSize?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mkldnn_reorder_conv3d_weight', [''])

/** `aten::mkldnn_rnn_layer(Tensor input, Tensor weight0, Tensor weight1, Tensor weight2, Tensor weight3, Tensor hx_, Tensor cx_, bool reverse, int[] batch_sizes, int mode, int hidden_size, int num_layers, bool has_biases, bool bidirectional, bool batch_first, bool train) -> (Tensor, Tensor, Tensor, Tensor)` */
export const mkldnnRnnLayer: {
  (input: Tensor, weight0: Tensor, weight1: Tensor, weight2: Tensor, weight3: Tensor, hx_: Tensor, cx_: Tensor, reverse: boolean, batchSizes: readonly number[], mode: number, hiddenSize: number, numLayers: number, hasBiases: boolean, bidirectional: boolean, batchFirst: boolean, train: boolean): [Tensor, Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::mkldnn_rnn_layer', [''])

/**
 * - `aten::mm(Tensor self, Tensor mat2) -> Tensor`
 * - `aten::mm.dtype(Tensor self, Tensor mat2, ScalarType out_dtype) -> Tensor`
 */
export const mm: {
  (self: Tensor, mat2: Tensor): Tensor
  (self: Tensor, mat2: Tensor, outDtype: DType): Tensor
} = /* @__PURE__ */ define('aten::mm', ['', 'dtype'])

/** `aten::mode(Tensor self, int dim=-1, bool keepdim=False) -> (Tensor values, Tensor indices)` */
export const mode: {
  (self: Tensor, dim?: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, options: { dim?: number | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::mode', [''])

/**
 * - `aten::moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)`
 * - `aten::moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)`
 */
export const moveaxis: {
  (self: Tensor, source: number, destination: number): Tensor
  (self: Tensor, source: readonly number[], destination: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::moveaxis', ['int', 'intlist'])

/**
 * - `aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)`
 * - `aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)`
 */
export const movedim: {
  (self: Tensor, source: number, destination: number): Tensor
  (self: Tensor, source: readonly number[], destination: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::movedim', ['int', 'intlist'])

/** `aten::mse_loss(Tensor self, Tensor target, int reduction=1) -> Tensor` */
export const mseLoss: {
  (self: Tensor, target: Tensor, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::mse_loss', [''])

/** `aten::msort(Tensor self) -> Tensor` */
export const msort: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::msort', [''])

/** `aten::mul.Tensor(Tensor self, Tensor other) -> Tensor` */
export const mul: {
  (self: Tensor, other: Tensor | Scalar): Tensor
} = /* @__PURE__ */ define('aten::mul', ['Tensor'])

/** `aten::mul_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const mul_: {
  (self: Tensor, other: Tensor | Scalar): Tensor
} = /* @__PURE__ */ define('aten::mul_', ['Tensor'])

/** `aten::multi_margin_loss(Tensor self, Tensor target, Scalar p=1, Scalar margin=1, Tensor? weight=None, int reduction=1) -> Tensor` */
export const multiMarginLoss: {
  (self: Tensor, target: Tensor, p?: Scalar, margin?: Scalar, weight?: Tensor | null, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { p?: Scalar | undefined; margin?: Scalar | undefined; weight?: Tensor | null | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::multi_margin_loss', [''])

/** `aten::multilabel_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor` */
export const multilabelMarginLoss: {
  (self: Tensor, target: Tensor, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::multilabel_margin_loss', [''])

/** `aten::multilabel_margin_loss_forward(Tensor self, Tensor target, int reduction) -> (Tensor output, Tensor is_target)` */
export const multilabelMarginLossForward: {
  (self: Tensor, target: Tensor, reduction: Reduction): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::multilabel_margin_loss_forward', [''])

/** `aten::multinomial(Tensor self, SymInt num_samples, bool replacement=False, *, Generator? generator=None) -> Tensor` */
export const multinomial: {
  (self: Tensor, numSamples: number, options?: { replacement?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::multinomial', [''])

/**
 * - `aten::multiply.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::multiply.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const multiply: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::multiply', ['Scalar', 'Tensor'])

/**
 * - `aten::multiply_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::multiply_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const multiply_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::multiply_', ['Scalar', 'Tensor'])

/** `aten::mv(Tensor self, Tensor vec) -> Tensor` */
export const mv: {
  (self: Tensor, vec: Tensor): Tensor
} = /* @__PURE__ */ define('aten::mv', [''])

/** `aten::mvlgamma(Tensor self, int p) -> Tensor` */
export const mvlgamma: {
  (self: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('aten::mvlgamma', [''])

/** `aten::mvlgamma_(Tensor(a!) self, int p) -> Tensor(a!)` */
export const mvlgamma_: {
  (self: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('aten::mvlgamma_', [''])

/** `aten::nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor` */
export const nanToNum: {
  (self: Tensor, nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor
  (self: Tensor, options: { nan?: number | null | undefined; posinf?: number | null | undefined; neginf?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nan_to_num', [''])

/** `aten::nan_to_num_(Tensor(a!) self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor(a!)` */
export const nanToNum_: {
  (self: Tensor, nan?: number | null, posinf?: number | null, neginf?: number | null): Tensor
  (self: Tensor, options: { nan?: number | null | undefined; posinf?: number | null | undefined; neginf?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nan_to_num_', [''])

/** `aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export const nanmean: {
  (self: Tensor, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nanmean', [''])

/**
 * - `aten::nanmedian(Tensor self) -> Tensor`
 * - `aten::nanmedian.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`
 */
export const nanmedian: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::nanmedian', ['', 'dim'])

/**
 * - `aten::nanquantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
 * - `aten::nanquantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
 */
export const nanquantile: {
  (self: Tensor, q: number | Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
  (self: Tensor, q: number | Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nanquantile', ['scalar', ''])

/** `aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor` */
export const nansum: {
  (self: Tensor, dim?: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nansum', [''])

/**
 * - `aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)`
 * - `aten::narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)`
 */
export const narrow: {
  (self: Tensor, dim: number, start: number | Tensor, length: number): Tensor
} = /* @__PURE__ */ define('aten::narrow', ['', 'Tensor'])

/** `aten::native_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, Tensor? running_var, bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor)` */
export const nativeBatchNorm: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, runningMean: Tensor | null, runningVar: Tensor | null, training: boolean, momentum: number, eps: number): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::native_batch_norm', [''])

/** `aten::native_channel_shuffle(Tensor self, SymInt groups) -> Tensor` */
export const nativeChannelShuffle: {
  (self: Tensor, groups: number): Tensor
} = /* @__PURE__ */ define('aten::native_channel_shuffle', [''])

/** `aten::native_dropout(Tensor input, float p, bool? train) -> (Tensor, Tensor)` */
export const nativeDropout: {
  (input: Tensor, p: number, train: boolean | null): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::native_dropout', [''])

/** `aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)` */
export const nativeGroupNorm: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, N: number, C: number, HxW: number, group: number, eps: number): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::native_group_norm', [''])

/** `aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)` */
export const nativeLayerNorm: {
  (input: Tensor, normalizedShape: readonly number[], weight: Tensor | null, bias: Tensor | null, eps: number): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::native_layer_norm', [''])

/**
 * - `aten::native_norm(Tensor self, Scalar p=2) -> Tensor`
 * - `aten::native_norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, ScalarType? dtype) -> Tensor`
 */
export const nativeNorm: {
  (self: Tensor, p?: Scalar): Tensor
  (self: Tensor, options: { p?: Scalar | undefined }): Tensor
  (self: Tensor, p: Scalar | null, dim: number | readonly number[], keepdim: boolean, dtype: DType | null): Tensor
} = /* @__PURE__ */ define('aten::native_norm', ['', 'ScalarOpt_dim_dtype'])

/**
 * - `aten::ne.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::ne.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const ne: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::ne', ['Scalar', 'Tensor'])

/**
 * - `aten::ne_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::ne_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const ne_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::ne_', ['Scalar', 'Tensor'])

/** `aten::neg(Tensor self) -> Tensor` */
export const neg: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::neg', [''])

/** `aten::neg_(Tensor(a!) self) -> Tensor(a!)` */
export const neg_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::neg_', [''])

/** `aten::negative(Tensor self) -> Tensor` */
export const negative: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::negative', [''])

/** `aten::negative_(Tensor(a!) self) -> Tensor(a!)` */
export const negative_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::negative_', [''])

/** `aten::nested_to_padded_tensor(Tensor self, float padding, int[]? output_size=None) -> Tensor` */
export const nestedToPaddedTensor: {
  (self: Tensor, padding: number, outputSize?: readonly number[] | null): Tensor
  (self: Tensor, padding: number, options: { outputSize?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nested_to_padded_tensor', [''])

/** `aten::new_empty(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const newEmpty: {
  (self: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::new_empty', [''])

/** `aten::new_empty_strided(Tensor self, SymInt[] size, SymInt[] stride, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const newEmptyStrided: {
  (self: Tensor, size: readonly number[], stride: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::new_empty_strided', [''])

/** `aten::new_full(Tensor self, SymInt[] size, Scalar fill_value, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const newFull: {
  (self: Tensor, size: readonly number[], fillValue: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::new_full', [''])

/** `aten::new_ones(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const newOnes: {
  (self: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::new_ones', [''])

/** `aten::new_zeros(Tensor self, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const newZeros: {
  (self: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::new_zeros', [''])

/** `aten::nextafter(Tensor self, Tensor other) -> Tensor` */
export const nextafter: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::nextafter', [''])

/** `aten::nextafter_(Tensor(a!) self, Tensor other) -> Tensor(a!)` */
export const nextafter_: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::nextafter_', [''])

/** `aten::nll_loss(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor` */
export const nllLoss: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: Reduction, ignoreIndex?: number): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; reduction?: Reduction | undefined; ignoreIndex?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nll_loss', [''])

/** `aten::nll_loss2d(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor` */
export const nllLoss2d: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: Reduction, ignoreIndex?: number): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; reduction?: Reduction | undefined; ignoreIndex?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nll_loss2d', [''])

/** `aten::nll_loss2d_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)` */
export const nllLoss2dForward: {
  (self: Tensor, target: Tensor, weight: Tensor | null, reduction: Reduction, ignoreIndex: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::nll_loss2d_forward', [''])

/** `aten::nll_loss_forward(Tensor self, Tensor target, Tensor? weight, int reduction, SymInt ignore_index) -> (Tensor output, Tensor total_weight)` */
export const nllLossForward: {
  (self: Tensor, target: Tensor, weight: Tensor | null, reduction: Reduction, ignoreIndex: number): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::nll_loss_forward', [''])

/** `aten::nll_loss_nd(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, SymInt ignore_index=-100) -> Tensor` */
export const nllLossNd: {
  (self: Tensor, target: Tensor, weight?: Tensor | null, reduction?: Reduction, ignoreIndex?: number): Tensor
  (self: Tensor, target: Tensor, options: { weight?: Tensor | null | undefined; reduction?: Reduction | undefined; ignoreIndex?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nll_loss_nd', [''])

/** `aten::nonzero(Tensor self) -> Tensor` */
export const nonzero: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::nonzero', [''])

/** `aten::nonzero_numpy(Tensor self) -> Tensor[]` */
export const nonzeroNumpy: {
  (self: Tensor): Tensor[]
} = /* @__PURE__ */ define('aten::nonzero_numpy', [''])

/** `aten::nonzero_static(Tensor self, *, SymInt size, int fill_value=-1) -> Tensor` */
export const nonzeroStatic: {
  (self: Tensor, options: { size: number; fillValue?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nonzero_static', [''])

/**
 * - `aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor`
 * - `aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor`
 * - `aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor`
 * - `aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor`
 */
export const norm: {
  (self: Tensor, p?: Scalar): Tensor
  (self: Tensor, options: { p?: Scalar | undefined }): Tensor
  (self: Tensor, p: Scalar | null, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, p: Scalar | null, dim: number | readonly number[], keepdim: boolean, options: { dtype: DType }): Tensor
  (self: Tensor, p: Scalar | null, options: { dtype: DType }): Tensor
} = /* @__PURE__ */ define('aten::norm', ['Scalar', 'ScalarOpt_dim', 'ScalarOpt_dim_dtype', 'ScalarOpt_dtype'])

/** `aten::norm_except_dim(Tensor v, int pow=2, int dim=0) -> Tensor` */
export const normExceptDim: {
  (v: Tensor, pow?: number, dim?: number): Tensor
  (v: Tensor, options: { pow?: number | undefined; dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::norm_except_dim', [''])

/**
 * - `aten::normal.float_float(float mean, float std, SymInt[] size, *, Generator? generator=None, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::normal.float_Tensor(float mean, Tensor std, *, Generator? generator=None) -> Tensor`
 * - `aten::normal.Tensor_float(Tensor mean, float std=1., *, Generator? generator=None) -> Tensor`
 * - `aten::normal.Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None) -> Tensor`
 */
export const normal: {
  (mean: number, std: number, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (mean: number | Tensor, std: Tensor): Tensor
  (mean: Tensor, std?: number): Tensor
  (mean: Tensor, options: { std?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::normal', ['float_float', 'float_Tensor', 'Tensor_float', 'Tensor_Tensor'])

/** `aten::normal_(Tensor(a!) self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor(a!)` */
export const normal_: {
  (self: Tensor, mean?: number, std?: number): Tensor
  (self: Tensor, options: { mean?: number | undefined; std?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::normal_', [''])

/** `aten::normal_functional(Tensor self, float mean=0., float std=1., *, Generator? generator=None) -> Tensor` */
export const normalFunctional: {
  (self: Tensor, mean?: number, std?: number): Tensor
  (self: Tensor, options: { mean?: number | undefined; std?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::normal_functional', [''])

/**
 * - `aten::not_equal.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::not_equal.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const notEqual: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::not_equal', ['Scalar', 'Tensor'])

/**
 * - `aten::not_equal_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::not_equal_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const notEqual_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::not_equal_', ['Scalar', 'Tensor'])

/**
 * - `aten::nuclear_norm(Tensor self, bool keepdim=False) -> Tensor`
 * - `aten::nuclear_norm.dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor`
 */
export const nuclearNorm: {
  (self: Tensor, options?: { keepdim?: boolean | undefined }): Tensor
  (self: Tensor, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::nuclear_norm', ['', 'dim'])

/** `aten::numpy_T(Tensor(a) self) -> Tensor(a)` */
export const numpy_T: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::numpy_T', [''])

/** `aten::one_hot(Tensor self, int num_classes=-1) -> Tensor` */
export const oneHot: {
  (self: Tensor, numClasses?: number): Tensor
  (self: Tensor, options: { numClasses?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::one_hot', [''])

/** `aten::ones(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const ones: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::ones', [''])

/** `aten::ones_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const onesLike: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::ones_like', [''])

/** `aten::orgqr(Tensor self, Tensor input2) -> Tensor` */
export const orgqr: {
  (self: Tensor, input2: Tensor): Tensor
} = /* @__PURE__ */ define('aten::orgqr', [''])

/** `aten::ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False) -> Tensor` */
export const ormqr: {
  (self: Tensor, input2: Tensor, input3: Tensor, options?: { left?: boolean | undefined; transpose?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::ormqr', [''])

/** `aten::outer(Tensor self, Tensor vec2) -> Tensor` */
export const outer: {
  (self: Tensor, vec2: Tensor): Tensor
} = /* @__PURE__ */ define('aten::outer', [''])

/** `aten::output_nr(Tensor self) -> int` */
export const outputNr: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::output_nr', [''])

/** `aten::pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor` */
export const pad: {
  (self: Tensor, pad: readonly number[], mode?: string, value?: number | null): Tensor
  (self: Tensor, pad: readonly number[], options: { mode?: string | undefined; value?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pad', [''])

/** `aten::pad_sequence(Tensor[] sequences, bool batch_first=False, float padding_value=0., str padding_side="right") -> Tensor` */
export const padSequence: {
  (sequences: readonly Tensor[], options?: { batchFirst?: boolean | undefined; paddingValue?: number | undefined; paddingSide?: string | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pad_sequence', [''])

/** `aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor` */
export const pairwiseDistance: {
  (x1: Tensor, x2: Tensor, p?: number, eps?: number, options?: { keepdim?: boolean | undefined }): Tensor
  (x1: Tensor, x2: Tensor, options: { p?: number | undefined; eps?: number | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pairwise_distance', [''])

/** `aten::pdist(Tensor self, float p=2.) -> Tensor` */
export const pdist: {
  (self: Tensor, p?: number): Tensor
  (self: Tensor, options: { p?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pdist', [''])

/** `aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)` */
export const permute: {
  (self: Tensor, dims: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::permute', [''])

/** `aten::pin_memory(Tensor(a) self, Device? device=None) -> Tensor(a)` */
export const pinMemory: {
  (self: Tensor, device?: Device | null): Tensor
  (self: Tensor, options: { device?: Device | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pin_memory', [''])

/** `aten::pinverse(Tensor self, float rcond=1.0000000000000001e-15) -> Tensor` */
export const pinverse: {
  (self: Tensor, rcond?: number): Tensor
  (self: Tensor, options: { rcond?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::pinverse', [''])

/** `aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor` */
export const pixelShuffle: {
  (self: Tensor, upscaleFactor: number): Tensor
} = /* @__PURE__ */ define('aten::pixel_shuffle', [''])

/** `aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor` */
export const pixelUnshuffle: {
  (self: Tensor, downscaleFactor: number): Tensor
} = /* @__PURE__ */ define('aten::pixel_unshuffle', [''])

/** `aten::poisson(Tensor self, Generator? generator=None) -> Tensor` */
export const poisson: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::poisson', [''])

/** `aten::poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor` */
export const poissonNllLoss: {
  (input: Tensor, target: Tensor, logInput: boolean, full: boolean, eps: number, reduction: Reduction): Tensor
} = /* @__PURE__ */ define('aten::poisson_nll_loss', [''])

/** `aten::polar(Tensor abs, Tensor angle) -> Tensor` */
export const polar: {
  (abs: Tensor, angle: Tensor): Tensor
} = /* @__PURE__ */ define('aten::polar', [''])

/** `aten::polygamma(int n, Tensor self) -> Tensor` */
export const polygamma: {
  (n: number, self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::polygamma', [''])

/** `aten::polygamma_(Tensor(a!) self, int n) -> Tensor(a!)` */
export const polygamma_: {
  (self: Tensor, n: number): Tensor
} = /* @__PURE__ */ define('aten::polygamma_', [''])

/** `aten::positive(Tensor(a) self) -> Tensor(a)` */
export const positive: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::positive', [''])

/**
 * - `aten::pow.Scalar(Scalar self, Tensor exponent) -> Tensor`
 * - `aten::pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor`
 * - `aten::pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor`
 */
export const pow: {
  (self: Scalar | Tensor, exponent: Tensor): Tensor
  (self: Tensor, exponent: Scalar): Tensor
} = /* @__PURE__ */ define('aten::pow', ['Scalar', 'Tensor_Scalar', 'Tensor_Tensor'])

/**
 * - `aten::pow_.Scalar(Tensor(a!) self, Scalar exponent) -> Tensor(a!)`
 * - `aten::pow_.Tensor(Tensor(a!) self, Tensor exponent) -> Tensor(a!)`
 */
export const pow_: {
  (self: Tensor, exponent: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::pow_', ['Scalar', 'Tensor'])

/** `aten::prelu(Tensor self, Tensor weight) -> Tensor` */
export const prelu: {
  (self: Tensor, weight: Tensor): Tensor
} = /* @__PURE__ */ define('aten::prelu', [''])

/**
 * - `aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 * - `aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor`
 */
export const prod: {
  (self: Tensor, dim: number, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::prod', ['dim_int', ''])

/** `aten::promote_types(ScalarType type1, ScalarType type2) -> ScalarType` */
export const promoteTypes: {
  (type1: DType, type2: DType): DType
} = /* @__PURE__ */ define('aten::promote_types', [''])

/** `aten::put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor` */
export const put: {
  (self: Tensor, index: Tensor, source: Tensor, options?: { accumulate?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::put', [''])

/** `aten::put_(Tensor(a!) self, Tensor index, Tensor source, bool accumulate=False) -> Tensor(a!)` */
export const put_: {
  (self: Tensor, index: Tensor, source: Tensor, options?: { accumulate?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::put_', [''])

/** `aten::q_per_channel_axis(Tensor self) -> int` */
export const qPerChannelAxis: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::q_per_channel_axis', [''])

/** `aten::q_per_channel_scales(Tensor self) -> Tensor` */
export const qPerChannelScales: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::q_per_channel_scales', [''])

/** `aten::q_per_channel_zero_points(Tensor self) -> Tensor` */
export const qPerChannelZeroPoints: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::q_per_channel_zero_points', [''])

/** `aten::q_scale(Tensor self) -> float` */
export const qScale: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::q_scale', [''])

/** `aten::q_zero_point(Tensor self) -> int` */
export const qZeroPoint: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::q_zero_point', [''])

/**
 * - `aten::quantile.scalar(Tensor self, float q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
 * - `aten::quantile(Tensor self, Tensor q, int? dim=None, bool keepdim=False, *, str interpolation="linear") -> Tensor`
 */
export const quantile: {
  (self: Tensor, q: number | Tensor, dim?: number | null, options?: { keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
  (self: Tensor, q: number | Tensor, options: { dim?: number | null | undefined; keepdim?: boolean | undefined; interpolation?: string | undefined }): Tensor
} = /* @__PURE__ */ define('aten::quantile', ['scalar', ''])

/** `aten::quantize_per_channel(Tensor self, Tensor scales, Tensor zero_points, int axis, ScalarType dtype) -> Tensor` */
export const quantizePerChannel: {
  (self: Tensor, scales: Tensor, zeroPoints: Tensor, axis: number, dtype: DType): Tensor
} = /* @__PURE__ */ define('aten::quantize_per_channel', [''])

/**
 * - `aten::quantize_per_tensor(Tensor self, float scale, int zero_point, ScalarType dtype) -> Tensor`
 * - `aten::quantize_per_tensor.tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, ScalarType dtype) -> Tensor`
 * - `aten::quantize_per_tensor.tensors(Tensor[] tensors, Tensor scales, Tensor zero_points, ScalarType dtype) -> Tensor[]`
 */
export const quantizePerTensor: {
  (self: Tensor, scale: number, zeroPoint: number, dtype: DType): Tensor
  (self: Tensor, scale: Tensor, zeroPoint: Tensor, dtype: DType): Tensor
  (tensors: readonly Tensor[], scales: Tensor, zeroPoints: Tensor, dtype: DType): Tensor[]
} = /* @__PURE__ */ define('aten::quantize_per_tensor', ['', 'tensor_qparams', 'tensors'])

/** `aten::quantize_per_tensor_dynamic(Tensor self, ScalarType dtype, bool reduce_range) -> Tensor` */
export const quantizePerTensorDynamic: {
  (self: Tensor, dtype: DType, reduceRange: boolean): Tensor
} = /* @__PURE__ */ define('aten::quantize_per_tensor_dynamic', [''])

/** `aten::quantized_batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor mean, Tensor var, float eps, float output_scale, int output_zero_point) -> Tensor` */
export const quantizedBatchNorm: {
  (input: Tensor, weight: Tensor | null, bias: Tensor | null, mean: Tensor, var_: Tensor, eps: number, outputScale: number, outputZeroPoint: number): Tensor
} = /* @__PURE__ */ define('aten::quantized_batch_norm', [''])

/**
 * - `aten::quantized_gru.input_legacy(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)`
 * - `aten::quantized_gru.data_legacy(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)`
 */
export const quantizedGru: {
  (input: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean): [Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::quantized_gru', ['input_legacy', 'data_legacy'])

/** `aten::quantized_gru_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor b_ih, Tensor b_hh, Tensor packed_ih, Tensor packed_hh, Tensor col_offsets_ih, Tensor col_offsets_hh, Scalar scale_ih, Scalar scale_hh, Scalar zero_point_ih, Scalar zero_point_hh) -> Tensor` */
export const quantizedGruCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh: Tensor, bHh: Tensor, packedIh: Tensor, packedHh: Tensor, colOffsetsIh: Tensor, colOffsetsHh: Tensor, scaleIh: Scalar, scaleHh: Scalar, zeroPointIh: Scalar, zeroPointHh: Scalar): Tensor
} = /* @__PURE__ */ define('aten::quantized_gru_cell', [''])

/**
 * - `aten::quantized_lstm.input_legacy(Tensor input, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first, *, ScalarType? dtype=None, bool use_dynamic=False) -> (Tensor, Tensor, Tensor)`
 * - `aten::quantized_lstm.data_legacy(Tensor data, Tensor batch_sizes, Tensor[] hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, *, ScalarType? dtype=None, bool use_dynamic=False) -> (Tensor, Tensor, Tensor)`
 */
export const quantizedLstm: {
  (input: Tensor, hx: readonly Tensor[], params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean, options?: { dtype?: DType | null | undefined; useDynamic?: boolean | undefined }): [Tensor, Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: readonly Tensor[], params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, options?: { dtype?: DType | null | undefined; useDynamic?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::quantized_lstm', ['input_legacy', 'data_legacy'])

/** `aten::quantized_lstm_cell(Tensor input, Tensor[] hx, Tensor w_ih, Tensor w_hh, Tensor b_ih, Tensor b_hh, Tensor packed_ih, Tensor packed_hh, Tensor col_offsets_ih, Tensor col_offsets_hh, Scalar scale_ih, Scalar scale_hh, Scalar zero_point_ih, Scalar zero_point_hh) -> (Tensor, Tensor)` */
export const quantizedLstmCell: {
  (input: Tensor, hx: readonly Tensor[], wIh: Tensor, wHh: Tensor, bIh: Tensor, bHh: Tensor, packedIh: Tensor, packedHh: Tensor, colOffsetsIh: Tensor, colOffsetsHh: Tensor, scaleIh: Scalar, scaleHh: Scalar, zeroPointIh: Scalar, zeroPointHh: Scalar): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::quantized_lstm_cell', [''])

/** `aten::quantized_max_pool1d(Tensor self, int[1] kernel_size, int[1] stride=[], int[1] padding=[0], int[1] dilation=[1], bool ceil_mode=False) -> Tensor` */
export const quantizedMaxPool1d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::quantized_max_pool1d', [''])

/** `aten::quantized_max_pool2d(Tensor self, int[2] kernel_size, int[2] stride=[], int[2] padding=0, int[2] dilation=1, bool ceil_mode=False) -> Tensor` */
export const quantizedMaxPool2d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::quantized_max_pool2d', [''])

/** `aten::quantized_max_pool3d(Tensor self, int[3] kernel_size, int[3] stride=[], int[3] padding=0, int[3] dilation=1, bool ceil_mode=False) -> Tensor` */
export const quantizedMaxPool3d: {
  (self: Tensor, kernelSize: number | readonly number[], stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[], options?: { ceilMode?: boolean | undefined }): Tensor
  (self: Tensor, kernelSize: number | readonly number[], options: { stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined; ceilMode?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::quantized_max_pool3d', [''])

/** `aten::quantized_rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor b_ih, Tensor b_hh, Tensor packed_ih, Tensor packed_hh, Tensor col_offsets_ih, Tensor col_offsets_hh, Scalar scale_ih, Scalar scale_hh, Scalar zero_point_ih, Scalar zero_point_hh) -> Tensor` */
export const quantizedRnnReluCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh: Tensor, bHh: Tensor, packedIh: Tensor, packedHh: Tensor, colOffsetsIh: Tensor, colOffsetsHh: Tensor, scaleIh: Scalar, scaleHh: Scalar, zeroPointIh: Scalar, zeroPointHh: Scalar): Tensor
} = /* @__PURE__ */ define('aten::quantized_rnn_relu_cell', [''])

/** `aten::quantized_rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor b_ih, Tensor b_hh, Tensor packed_ih, Tensor packed_hh, Tensor col_offsets_ih, Tensor col_offsets_hh, Scalar scale_ih, Scalar scale_hh, Scalar zero_point_ih, Scalar zero_point_hh) -> Tensor` */
export const quantizedRnnTanhCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh: Tensor, bHh: Tensor, packedIh: Tensor, packedHh: Tensor, colOffsetsIh: Tensor, colOffsetsHh: Tensor, scaleIh: Scalar, scaleHh: Scalar, zeroPointIh: Scalar, zeroPointHh: Scalar): Tensor
} = /* @__PURE__ */ define('aten::quantized_rnn_tanh_cell', [''])

/** `aten::rad2deg(Tensor self) -> Tensor` */
export const rad2deg: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::rad2deg', [''])

/** `aten::rad2deg_(Tensor(a!) self) -> Tensor(a!)` */
export const rad2deg_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::rad2deg_', [''])

/** `aten::rand(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const rand: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rand', [''])

/** `aten::rand_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const randLike: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rand_like', [''])

/**
 * - `aten::randint.low(SymInt low, SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::randint(SymInt high, SymInt[] size, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const randint: {
  (low: number, high: number, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (high: number, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::randint', ['low', ''])

/**
 * - `aten::randint_like.low_dtype(Tensor self, SymInt low, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor`
 * - `aten::randint_like(Tensor self, SymInt high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor`
 * - `aten::randint_like.Tensor(Tensor self, Tensor high, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor`
 */
export const randintLike: {
  (self: Tensor, low: number, high: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (self: Tensor, high: number | Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::randint_like', ['low_dtype', '', 'Tensor'])

/** `aten::randn(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const randn: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::randn', [''])

/** `aten::randn_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const randnLike: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::randn_like', [''])

/**
 * - `aten::random(Tensor self, *, Generator? generator=None) -> Tensor`
 * - `aten::random.to(Tensor self, int to, *, Generator? generator=None) -> Tensor`
 * - `aten::random.from(Tensor self, int from, int? to, *, Generator? generator=None) -> Tensor`
 */
export const random: {
  (self: Tensor): Tensor
  (self: Tensor, to: number): Tensor
  (self: Tensor, from: number, to: number | null): Tensor
} = /* @__PURE__ */ define('aten::random', ['', 'to', 'from'])

/**
 * - `aten::random_(Tensor(a!) self, *, Generator? generator=None) -> Tensor(a!)`
 * - `aten::random_.to(Tensor(a!) self, int to, *, Generator? generator=None) -> Tensor(a!)`
 * - `aten::random_.from(Tensor(a!) self, int from, int? to, *, Generator? generator=None) -> Tensor(a!)`
 */
export const random_: {
  (self: Tensor): Tensor
  (self: Tensor, to: number): Tensor
  (self: Tensor, from: number, to: number | null): Tensor
} = /* @__PURE__ */ define('aten::random_', ['', 'to', 'from'])

/** `aten::randperm(SymInt n, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const randperm: {
  (n: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::randperm', [''])

/**
 * - `aten::range.step(Scalar start, Scalar end, Scalar step=1, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 * - `aten::range(Scalar start, Scalar end, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor`
 */
export const range: {
  (start: Scalar, end: Scalar, step?: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Scalar, end: Scalar, options: { step?: Scalar | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (start: Scalar, end: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::range', ['step', ''])

/** `aten::ravel(Tensor(a) self) -> Tensor(a)` */
export const ravel: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::ravel', [''])

/** `aten::real(Tensor(a) self) -> Tensor(a)` */
export const real: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::real', [''])

/** `aten::reciprocal(Tensor self) -> Tensor` */
export const reciprocal: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::reciprocal', [''])

/** `aten::reciprocal_(Tensor(a!) self) -> Tensor(a!)` */
export const reciprocal_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::reciprocal_', [''])

/** `aten::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor` */
export const reflectionPad1d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::reflection_pad1d', [''])

/** `aten::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor` */
export const reflectionPad2d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::reflection_pad2d', [''])

/** `aten::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor` */
export const reflectionPad3d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::reflection_pad3d', [''])

/** `aten::relu(Tensor self) -> Tensor` */
export const relu: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::relu', [''])

/** `aten::relu6(Tensor self) -> Tensor` */
export const relu6: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::relu6', [''])

/** `aten::relu6_(Tensor(a!) self) -> Tensor(a!)` */
export const relu6_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::relu6_', [''])

/** `aten::relu_(Tensor(a!) self) -> Tensor(a!)` */
export const relu_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::relu_', [''])

/**
 * - `aten::remainder.Scalar_Tensor(Scalar self, Tensor other) -> Tensor`
 * - `aten::remainder.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::remainder.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const remainder: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::remainder', ['Scalar_Tensor', 'Scalar', 'Tensor'])

/**
 * - `aten::remainder_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::remainder_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const remainder_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::remainder_', ['Scalar', 'Tensor'])

/** `aten::renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor` */
export const renorm: {
  (self: Tensor, p: Scalar, dim: number, maxnorm: Scalar): Tensor
} = /* @__PURE__ */ define('aten::renorm', [''])

/** `aten::renorm_(Tensor(a!) self, Scalar p, int dim, Scalar maxnorm) -> Tensor(a!)` */
export const renorm_: {
  (self: Tensor, p: Scalar, dim: number, maxnorm: Scalar): Tensor
} = /* @__PURE__ */ define('aten::renorm_', [''])

/** `aten::repeat(Tensor self, SymInt[] repeats) -> Tensor` */
export const repeat: {
  (self: Tensor, repeats: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::repeat', [''])

/**
 * - `aten::repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor`
 * - `aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor`
 * - `aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor`
 */
export const repeatInterleave: {
  (repeats: Tensor, options?: { outputSize?: number | null | undefined }): Tensor
  (self: Tensor, repeats: number | Tensor, dim?: number | null, options?: { outputSize?: number | null | undefined }): Tensor
  (self: Tensor, repeats: number | Tensor, options: { dim?: number | null | undefined; outputSize?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::repeat_interleave', ['Tensor', 'self_int', 'self_Tensor'])

/** `aten::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor` */
export const replicationPad1d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::replication_pad1d', [''])

/** `aten::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor` */
export const replicationPad2d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::replication_pad2d', [''])

/** `aten::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor` */
export const replicationPad3d: {
  (self: Tensor, padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::replication_pad3d', [''])

/** `aten::requires_grad_(Tensor(a!) self, bool requires_grad=True) -> Tensor(a!)` */
export const requiresGrad_: {
  (self: Tensor, options?: { requiresGrad?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::requires_grad_', [''])

/** `aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)` */
export const reshape: {
  (self: Tensor, shape: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::reshape', [''])

/** `aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
export const reshapeAs: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::reshape_as', [''])

/** `aten::resize(Tensor self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor` */
export const resize: {
  (self: Tensor, size: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::resize', [''])

/** `aten::resize_(Tensor(a!) self, SymInt[] size, *, MemoryFormat? memory_format=None) -> Tensor(a!)` */
export const resize_: {
  (self: Tensor, size: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::resize_', [''])

/** `aten::resize_as(Tensor self, Tensor the_template, *, MemoryFormat? memory_format=None) -> Tensor` */
export const resizeAs: {
  (self: Tensor, theTemplate: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resize_as', [''])

/** `aten::resize_as_(Tensor(a!) self, Tensor the_template, *, MemoryFormat? memory_format=None) -> Tensor(a!)` */
export const resizeAs_: {
  (self: Tensor, theTemplate: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resize_as_', [''])

/** `aten::resize_as_sparse(Tensor self, Tensor the_template) -> Tensor` */
export const resizeAsSparse: {
  (self: Tensor, theTemplate: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resize_as_sparse', [''])

/** `aten::resize_as_sparse_(Tensor(a!) self, Tensor the_template) -> Tensor(a!)` */
export const resizeAsSparse_: {
  (self: Tensor, theTemplate: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resize_as_sparse_', [''])

/** `aten::resolve_conj(Tensor(a) self) -> Tensor(a)` */
export const resolveConj: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resolve_conj', [''])

/** `aten::resolve_neg(Tensor(a) self) -> Tensor(a)` */
export const resolveNeg: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::resolve_neg', [''])

/**
 * - `aten::result_type.Scalar_Scalar(Scalar scalar1, Scalar scalar2) -> ScalarType`
 * - `aten::result_type.Scalar_Tensor(Scalar scalar, Tensor tensor) -> ScalarType`
 * - `aten::result_type.Scalar(Tensor tensor, Scalar other) -> ScalarType`
 * - `aten::result_type.Tensor(Tensor tensor, Tensor other) -> ScalarType`
 */
export const resultType: {
  (scalar1: Scalar, scalar2: Scalar | Tensor): DType
  (tensor: Tensor, other: Scalar | Tensor): DType
} = /* @__PURE__ */ define('aten::result_type', ['Scalar_Scalar', 'Scalar_Tensor', 'Scalar', 'Tensor'])

/** `aten::retains_grad(Tensor self) -> bool` */
export const retainsGrad: {
  (self: Tensor): boolean
} = /* @__PURE__ */ define('aten::retains_grad', [''])

/** `aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor` */
export const rmsNorm: {
  (input: Tensor, normalizedShape: readonly number[], weight?: Tensor | null, eps?: number | null): Tensor
  (input: Tensor, normalizedShape: readonly number[], options: { weight?: Tensor | null | undefined; eps?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rms_norm', [''])

/**
 * - `aten::rnn_relu.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)`
 * - `aten::rnn_relu.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)`
 */
export const rnnRelu: {
  (input: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean): [Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::rnn_relu', ['input', 'data'])

/** `aten::rnn_relu_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor` */
export const rnnReluCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh?: Tensor | null, bHh?: Tensor | null): Tensor
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, options: { bIh?: Tensor | null | undefined; bHh?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rnn_relu_cell', [''])

/**
 * - `aten::rnn_tanh.input(Tensor input, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first) -> (Tensor, Tensor)`
 * - `aten::rnn_tanh.data(Tensor data, Tensor batch_sizes, Tensor hx, Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional) -> (Tensor, Tensor)`
 */
export const rnnTanh: {
  (input: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean, batchFirst: boolean): [Tensor, Tensor]
  (data: Tensor, batchSizes: Tensor, hx: Tensor, params: readonly Tensor[], hasBiases: boolean, numLayers: number, dropout: number, train: boolean, bidirectional: boolean): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::rnn_tanh', ['input', 'data'])

/** `aten::rnn_tanh_cell(Tensor input, Tensor hx, Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> Tensor` */
export const rnnTanhCell: {
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, bIh?: Tensor | null, bHh?: Tensor | null): Tensor
  (input: Tensor, hx: Tensor, wIh: Tensor, wHh: Tensor, options: { bIh?: Tensor | null | undefined; bHh?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rnn_tanh_cell', [''])

/** `aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor` */
export const roll: {
  (self: Tensor, shifts: number | readonly number[], dims?: number | readonly number[]): Tensor
  (self: Tensor, shifts: number | readonly number[], options: { dims?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::roll', [''])

/** `aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor` */
export const rot90: {
  (self: Tensor, k?: number, dims?: readonly number[]): Tensor
  (self: Tensor, options: { k?: number | undefined; dims?: readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rot90', [''])

/**
 * - `aten::round(Tensor self) -> Tensor`
 * - `aten::round.decimals(Tensor self, *, int decimals) -> Tensor`
 */
export const round: {
  (self: Tensor): Tensor
  (self: Tensor, options: { decimals: number }): Tensor
} = /* @__PURE__ */ define('aten::round', ['', 'decimals'])

/**
 * - `aten::round_(Tensor(a!) self) -> Tensor(a!)`
 * - `aten::round_.decimals(Tensor(a!) self, *, int decimals) -> Tensor(a!)`
 */
export const round_: {
  (self: Tensor): Tensor
  (self: Tensor, options: { decimals: number }): Tensor
} = /* @__PURE__ */ define('aten::round_', ['', 'decimals'])

/** `aten::row_indices(Tensor(a) self) -> Tensor(a)` */
export const rowIndices: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::row_indices', [''])

/** `aten::row_stack(Tensor[] tensors) -> Tensor` */
export const rowStack: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::row_stack', [''])

/** `aten::rrelu(Tensor self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor` */
export const rrelu: {
  (self: Tensor, lower?: Scalar, upper?: Scalar, options?: { training?: boolean | undefined }): Tensor
  (self: Tensor, options: { lower?: Scalar | undefined; upper?: Scalar | undefined; training?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rrelu', [''])

/** `aten::rrelu_(Tensor(a!) self, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor(a!)` */
export const rrelu_: {
  (self: Tensor, lower?: Scalar, upper?: Scalar, options?: { training?: boolean | undefined }): Tensor
  (self: Tensor, options: { lower?: Scalar | undefined; upper?: Scalar | undefined; training?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rrelu_', [''])

/** `aten::rrelu_with_noise_(Tensor(a!) self, Tensor(b!) noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> Tensor(a!)` */
export const rreluWithNoise_: {
  (self: Tensor, noise: Tensor, lower?: Scalar, upper?: Scalar, options?: { training?: boolean | undefined }): Tensor
  (self: Tensor, noise: Tensor, options: { lower?: Scalar | undefined; upper?: Scalar | undefined; training?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rrelu_with_noise_', [''])

/** `aten::rrelu_with_noise_functional(Tensor self, Tensor noise, Scalar lower=0.125, Scalar upper=0.33333333333333331, bool training=False, Generator? generator=None) -> (Tensor, Tensor noise_out)` */
export const rreluWithNoiseFunctional: {
  (self: Tensor, noise: Tensor, lower?: Scalar, upper?: Scalar, options?: { training?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, noise: Tensor, options: { lower?: Scalar | undefined; upper?: Scalar | undefined; training?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::rrelu_with_noise_functional', [''])

/** `aten::rsqrt(Tensor self) -> Tensor` */
export const rsqrt: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::rsqrt', [''])

/** `aten::rsqrt_(Tensor(a!) self) -> Tensor(a!)` */
export const rsqrt_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::rsqrt_', [''])

/**
 * - `aten::rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor`
 * - `aten::rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`
 */
export const rsub: {
  (self: Tensor, other: Scalar, alpha?: Scalar): Tensor
  (self: Tensor, other: Scalar, options: { alpha?: Scalar | undefined }): Tensor
  (self: Tensor, other: Tensor, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::rsub', ['Scalar', 'Tensor'])

/** `aten::scalar_tensor(Scalar s, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const scalarTensor: {
  (s: Scalar, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::scalar_tensor', [''])

/** `aten::scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, float dropout_p=0., bool is_causal=False, *, float? scale=None, bool enable_gqa=False) -> Tensor` */
export const scaledDotProductAttention: {
  (query: Tensor, key: Tensor, value: Tensor, attnMask?: Tensor | null, dropoutP?: number, options?: { isCausal?: boolean | undefined; scale?: number | null | undefined; enableGqa?: boolean | undefined }): Tensor
  (query: Tensor, key: Tensor, value: Tensor, options: { attnMask?: Tensor | null | undefined; dropoutP?: number | undefined; isCausal?: boolean | undefined; scale?: number | null | undefined; enableGqa?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::scaled_dot_product_attention', [''])

/**
 * - `aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor`
 * - `aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor`
 * - `aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor`
 * - `aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor`
 */
export const scatter: {
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor): Tensor
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor, options: { reduce: string }): Tensor
} = /* @__PURE__ */ define('aten::scatter', ['value', 'value_reduce', 'src', 'reduce'])

/**
 * - `aten::scatter_.value(Tensor(a!) self, int dim, Tensor index, Scalar value) -> Tensor(a!)`
 * - `aten::scatter_.value_reduce(Tensor(a!) self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor(a!)`
 * - `aten::scatter_.src(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)`
 * - `aten::scatter_.reduce(Tensor(a!) self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor(a!)`
 */
export const scatter_: {
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor): Tensor
  (self: Tensor, dim: number, index: Tensor, value: Scalar | Tensor, options: { reduce: string }): Tensor
} = /* @__PURE__ */ define('aten::scatter_', ['value', 'value_reduce', 'src', 'reduce'])

/** `aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor` */
export const scatterAdd: {
  (self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor
} = /* @__PURE__ */ define('aten::scatter_add', [''])

/** `aten::scatter_add_(Tensor(a!) self, int dim, Tensor index, Tensor src) -> Tensor(a!)` */
export const scatterAdd_: {
  (self: Tensor, dim: number, index: Tensor, src: Tensor): Tensor
} = /* @__PURE__ */ define('aten::scatter_add_', [''])

/** `aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor` */
export const scatterReduce: {
  (self: Tensor, dim: number, index: Tensor, src: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::scatter_reduce', ['two'])

/** `aten::scatter_reduce_.two(Tensor(a!) self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor(a!)` */
export const scatterReduce_: {
  (self: Tensor, dim: number, index: Tensor, src: Tensor, reduce: string, options?: { includeSelf?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::scatter_reduce_', ['two'])

/**
 * - `aten::searchsorted.Scalar(Tensor sorted_sequence, Scalar self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor`
 * - `aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor`
 */
export const searchsorted: {
  (sortedSequence: Tensor, self: Scalar | Tensor, options?: { outInt32?: boolean | undefined; right?: boolean | undefined; side?: string | null | undefined; sorter?: Tensor | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::searchsorted', ['Scalar', 'Tensor'])

/** `aten::segment_reduce(Tensor data, str reduce, *, Tensor? lengths=None, Tensor? indices=None, Tensor? offsets=None, int axis=0, bool unsafe=False, Scalar? initial=None) -> Tensor` */
export const segmentReduce: {
  (data: Tensor, reduce: string, options?: { lengths?: Tensor | null | undefined; indices?: Tensor | null | undefined; offsets?: Tensor | null | undefined; axis?: number | undefined; unsafe?: boolean | undefined; initial?: Scalar | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::segment_reduce', [''])

/** `aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)` */
export const select: {
  (self: Tensor, dim: number, index: number): Tensor
} = /* @__PURE__ */ define('aten::select', ['int'])

/** `aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor` */
export const selectScatter: {
  (self: Tensor, src: Tensor, dim: number, index: number): Tensor
} = /* @__PURE__ */ define('aten::select_scatter', [''])

/** `aten::selu(Tensor self) -> Tensor` */
export const selu: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::selu', [''])

/** `aten::selu_(Tensor(a!) self) -> Tensor(a!)` */
export const selu_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::selu_', [''])

/**
 * - `aten::set(Tensor self) -> Tensor`
 * - `aten::set.source_Tensor(Tensor self, Tensor source) -> Tensor`
 */
export const set: {
  (self: Tensor): Tensor
  (self: Tensor, source: Tensor): Tensor
} = /* @__PURE__ */ define('aten::set', ['', 'source_Tensor'])

/**
 * - `aten::set_(Tensor(a!) self) -> Tensor(a!)`
 * - `aten::set_.source_Tensor(Tensor(a!) self, Tensor source) -> Tensor(a!)`
 * - `aten::set_.source_Tensor_storage_offset(Tensor(a!) self, Tensor source, SymInt storage_offset, SymInt[] size, SymInt[] stride=[]) -> Tensor(a!)`
 */
export const set_: {
  (self: Tensor): Tensor
  (self: Tensor, source: Tensor): Tensor
  (self: Tensor, source: Tensor, storageOffset: number, size: readonly number[], stride?: readonly number[]): Tensor
  (self: Tensor, source: Tensor, storageOffset: number, size: readonly number[], options: { stride?: readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::set_', ['', 'source_Tensor', 'source_Tensor_storage_offset'])

/** `aten::sgn(Tensor self) -> Tensor` */
export const sgn: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sgn', [''])

/** `aten::sgn_(Tensor(a!) self) -> Tensor(a!)` */
export const sgn_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sgn_', [''])

/** `aten::sigmoid(Tensor self) -> Tensor` */
export const sigmoid: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sigmoid', [''])

/** `aten::sigmoid_(Tensor(a!) self) -> Tensor(a!)` */
export const sigmoid_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sigmoid_', [''])

/** `aten::sign(Tensor self) -> Tensor` */
export const sign: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sign', [''])

/** `aten::sign_(Tensor(a!) self) -> Tensor(a!)` */
export const sign_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sign_', [''])

/** `aten::signbit(Tensor self) -> Tensor` */
export const signbit: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::signbit', [''])

/** `aten::silu(Tensor self) -> Tensor` */
export const silu: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::silu', [''])

/** `aten::silu_(Tensor(a!) self) -> Tensor(a!)` */
export const silu_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::silu_', [''])

/** `aten::sin(Tensor self) -> Tensor` */
export const sin: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sin', [''])

/** `aten::sin_(Tensor(a!) self) -> Tensor(a!)` */
export const sin_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sin_', [''])

/** `aten::sinc(Tensor self) -> Tensor` */
export const sinc: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sinc', [''])

/** `aten::sinc_(Tensor(a!) self) -> Tensor(a!)` */
export const sinc_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sinc_', [''])

/** `aten::sinh(Tensor self) -> Tensor` */
export const sinh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sinh', [''])

/** `aten::sinh_(Tensor(a!) self) -> Tensor(a!)` */
export const sinh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sinh_', [''])

/** `aten::size.int(Tensor self, int dim) -> int` */
export const size: {
  (self: Tensor, dim: number): number
} = /* @__PURE__ */ define('aten::size', ['int'])

/** `aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)` */
export const slice: {
  (self: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  (self: Tensor, options: { dim?: number | undefined; start?: number | null | undefined; end?: number | null | undefined; step?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slice', ['Tensor'])

/** `aten::slice_inverse(Tensor(a) self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)` */
export const sliceInverse: {
  (self: Tensor, src: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  (self: Tensor, src: Tensor, options: { dim?: number | undefined; start?: number | null | undefined; end?: number | null | undefined; step?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slice_inverse', [''])

/** `aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor` */
export const sliceScatter: {
  (self: Tensor, src: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor
  (self: Tensor, src: Tensor, options: { dim?: number | undefined; start?: number | null | undefined; end?: number | null | undefined; step?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slice_scatter', [''])

/** `aten::slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)` */
export const slogdet: {
  (self: Tensor): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::slogdet', [''])

/** `aten::slow_conv3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0]) -> Tensor` */
export const slowConv3d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slow_conv3d', [''])

/** `aten::slow_conv3d_forward(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias, SymInt[3] stride, SymInt[3] padding) -> Tensor` */
export const slowConv3dForward: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias: Tensor | null, stride: number | readonly number[], padding: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::slow_conv3d_forward', [''])

/** `aten::slow_conv_dilated2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] dilation=[1, 1]) -> Tensor` */
export const slowConvDilated2d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slow_conv_dilated2d', [''])

/** `aten::slow_conv_dilated3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1]) -> Tensor` */
export const slowConvDilated3d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], dilation?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slow_conv_dilated3d', [''])

/** `aten::slow_conv_transpose2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0], SymInt[2] output_padding=[0, 0], SymInt[2] dilation=[1, 1]) -> Tensor` */
export const slowConvTranspose2d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], outputPadding?: number | readonly number[], dilation?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; outputPadding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slow_conv_transpose2d', [''])

/** `aten::slow_conv_transpose3d(Tensor self, Tensor weight, SymInt[3] kernel_size, Tensor? bias=None, SymInt[3] stride=[1, 1, 1], SymInt[3] padding=[0, 0, 0], SymInt[3] output_padding=[0, 0, 0], SymInt[3] dilation=[1, 1, 1]) -> Tensor` */
export const slowConvTranspose3d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[], outputPadding?: number | readonly number[], dilation?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined; outputPadding?: number | readonly number[] | undefined; dilation?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::slow_conv_transpose3d', [''])

/** `aten::smm(Tensor self, Tensor mat2) -> Tensor` */
export const smm: {
  (self: Tensor, mat2: Tensor): Tensor
} = /* @__PURE__ */ define('aten::smm', [''])

/** `aten::smooth_l1_loss(Tensor self, Tensor target, int reduction=1, float beta=1.) -> Tensor` */
export const smoothL1Loss: {
  (self: Tensor, target: Tensor, reduction?: Reduction, beta?: number): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined; beta?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::smooth_l1_loss', [''])

/** `aten::soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor` */
export const softMarginLoss: {
  (self: Tensor, target: Tensor, reduction?: Reduction): Tensor
  (self: Tensor, target: Tensor, options: { reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::soft_margin_loss', [''])

/** `aten::softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
export const softmax: {
  (self: Tensor, dim: number, dtype?: DType | null): Tensor
  (self: Tensor, dim: number, options: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::softmax', ['int'])

/** `aten::softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor` */
export const softplus: {
  (self: Tensor, beta?: Scalar, threshold?: Scalar): Tensor
  (self: Tensor, options: { beta?: Scalar | undefined; threshold?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::softplus', [''])

/** `aten::softshrink(Tensor self, Scalar lambd=0.5) -> Tensor` */
export const softshrink: {
  (self: Tensor, lambd?: Scalar): Tensor
  (self: Tensor, options: { lambd?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::softshrink', [''])

/**
 * - `aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)`
 * - `aten::sort(Tensor self, int dim=-1, bool descending=False) -> (Tensor values, Tensor indices)`
 */
export const sort: {
  (self: Tensor, options: { stable: boolean | null; dim?: number | undefined; descending?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, dim?: number, options?: { descending?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, options: { dim?: number | undefined; descending?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::sort', ['stable', ''])

/**
 * - `aten::sparse_bsc_tensor.ccol_row_value_size(Tensor ccol_indices, Tensor row_indices, Tensor values, int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_bsc_tensor.ccol_row_value(Tensor ccol_indices, Tensor row_indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 */
export const sparseBscTensor: {
  (ccolIndices: Tensor, rowIndices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (ccolIndices: Tensor, rowIndices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_bsc_tensor', ['ccol_row_value_size', 'ccol_row_value'])

/**
 * - `aten::sparse_bsr_tensor.crow_col_value_size(Tensor crow_indices, Tensor col_indices, Tensor values, int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_bsr_tensor.crow_col_value(Tensor crow_indices, Tensor col_indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 */
export const sparseBsrTensor: {
  (crowIndices: Tensor, colIndices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (crowIndices: Tensor, colIndices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_bsr_tensor', ['crow_col_value_size', 'crow_col_value'])

/**
 * - `aten::sparse_compressed_tensor.comp_plain_value_size(Tensor compressed_indices, Tensor plain_indices, Tensor values, SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_compressed_tensor.comp_plain_value(Tensor compressed_indices, Tensor plain_indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 */
export const sparseCompressedTensor: {
  (compressedIndices: Tensor, plainIndices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (compressedIndices: Tensor, plainIndices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_compressed_tensor', ['comp_plain_value_size', 'comp_plain_value'])

/**
 * - `aten::sparse_coo_tensor.size(int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_coo_tensor.indices_size(Tensor indices, Tensor values, int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool? is_coalesced=None) -> Tensor`
 * - `aten::sparse_coo_tensor.indices(Tensor indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool? is_coalesced=None) -> Tensor`
 */
export const sparseCooTensor: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (indices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined; isCoalesced?: boolean | null | undefined }): Tensor
  (indices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined; isCoalesced?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_coo_tensor', ['size', 'indices_size', 'indices'])

/**
 * - `aten::sparse_csc_tensor.ccol_row_value_size(Tensor ccol_indices, Tensor row_indices, Tensor values, int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_csc_tensor.ccol_row_value(Tensor ccol_indices, Tensor row_indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 */
export const sparseCscTensor: {
  (ccolIndices: Tensor, rowIndices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (ccolIndices: Tensor, rowIndices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_csc_tensor', ['ccol_row_value_size', 'ccol_row_value'])

/**
 * - `aten::sparse_csr_tensor.crow_col_value_size(Tensor crow_indices, Tensor col_indices, Tensor values, int[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 * - `aten::sparse_csr_tensor.crow_col_value(Tensor crow_indices, Tensor col_indices, Tensor values, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False) -> Tensor`
 */
export const sparseCsrTensor: {
  (crowIndices: Tensor, colIndices: Tensor, values: Tensor, size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (crowIndices: Tensor, colIndices: Tensor, values: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_csr_tensor', ['crow_col_value_size', 'crow_col_value'])

/** `aten::sparse_dim(Tensor self) -> int` */
export const sparseDim: {
  (self: Tensor): number
} = /* @__PURE__ */ define('aten::sparse_dim', [''])

/** `aten::sparse_mask(Tensor self, Tensor mask) -> Tensor` */
export const sparseMask: {
  (self: Tensor, mask: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sparse_mask', [''])

/** `aten::sparse_resize(Tensor self, int[] size, int sparse_dim, int dense_dim) -> Tensor` */
export const sparseResize: {
  (self: Tensor, size: readonly number[], sparseDim: number, denseDim: number): Tensor
} = /* @__PURE__ */ define('aten::sparse_resize', [''])

/** `aten::sparse_resize_(Tensor(a!) self, int[] size, int sparse_dim, int dense_dim) -> Tensor(a!)` */
export const sparseResize_: {
  (self: Tensor, size: readonly number[], sparseDim: number, denseDim: number): Tensor
} = /* @__PURE__ */ define('aten::sparse_resize_', [''])

/** `aten::sparse_resize_and_clear(Tensor self, int[] size, int sparse_dim, int dense_dim) -> Tensor` */
export const sparseResizeAndClear: {
  (self: Tensor, size: readonly number[], sparseDim: number, denseDim: number): Tensor
} = /* @__PURE__ */ define('aten::sparse_resize_and_clear', [''])

/** `aten::sparse_resize_and_clear_(Tensor(a!) self, int[] size, int sparse_dim, int dense_dim) -> Tensor(a!)` */
export const sparseResizeAndClear_: {
  (self: Tensor, size: readonly number[], sparseDim: number, denseDim: number): Tensor
} = /* @__PURE__ */ define('aten::sparse_resize_and_clear_', [''])

/** `aten::sparse_sampled_addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
export const sparseSampledAddmm: {
  (self: Tensor, mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sparse_sampled_addmm', [''])

/** `aten::special_airy_ai(Tensor x) -> Tensor` */
export const specialAiryAi: {
  (x: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_airy_ai', [''])

/** `aten::special_bessel_j0(Tensor self) -> Tensor` */
export const specialBesselJ0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_bessel_j0', [''])

/** `aten::special_bessel_j1(Tensor self) -> Tensor` */
export const specialBesselJ1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_bessel_j1', [''])

/** `aten::special_bessel_y0(Tensor self) -> Tensor` */
export const specialBesselY0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_bessel_y0', [''])

/** `aten::special_bessel_y1(Tensor self) -> Tensor` */
export const specialBesselY1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_bessel_y1', [''])

/**
 * - `aten::special_chebyshev_polynomial_t.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_t.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_t(Tensor x, Tensor n) -> Tensor`
 */
export const specialChebyshevPolynomialT: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_chebyshev_polynomial_t', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_chebyshev_polynomial_u.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_u.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_u(Tensor x, Tensor n) -> Tensor`
 */
export const specialChebyshevPolynomialU: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_chebyshev_polynomial_u', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_chebyshev_polynomial_v.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_v.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_v(Tensor x, Tensor n) -> Tensor`
 */
export const specialChebyshevPolynomialV: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_chebyshev_polynomial_v', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_chebyshev_polynomial_w.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_w.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_chebyshev_polynomial_w(Tensor x, Tensor n) -> Tensor`
 */
export const specialChebyshevPolynomialW: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_chebyshev_polynomial_w', ['x_scalar', 'n_scalar', ''])

/** `aten::special_digamma(Tensor self) -> Tensor` */
export const specialDigamma: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_digamma', [''])

/** `aten::special_entr(Tensor self) -> Tensor` */
export const specialEntr: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_entr', [''])

/** `aten::special_erf(Tensor self) -> Tensor` */
export const specialErf: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_erf', [''])

/** `aten::special_erfc(Tensor self) -> Tensor` */
export const specialErfc: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_erfc', [''])

/** `aten::special_erfcx(Tensor self) -> Tensor` */
export const specialErfcx: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_erfcx', [''])

/** `aten::special_erfinv(Tensor self) -> Tensor` */
export const specialErfinv: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_erfinv', [''])

/** `aten::special_exp2(Tensor self) -> Tensor` */
export const specialExp2: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_exp2', [''])

/** `aten::special_expit(Tensor self) -> Tensor` */
export const specialExpit: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_expit', [''])

/** `aten::special_expm1(Tensor self) -> Tensor` */
export const specialExpm1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_expm1', [''])

/** `aten::special_gammainc(Tensor self, Tensor other) -> Tensor` */
export const specialGammainc: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_gammainc', [''])

/** `aten::special_gammaincc(Tensor self, Tensor other) -> Tensor` */
export const specialGammaincc: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_gammaincc', [''])

/** `aten::special_gammaln(Tensor self) -> Tensor` */
export const specialGammaln: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_gammaln', [''])

/**
 * - `aten::special_hermite_polynomial_h.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_hermite_polynomial_h.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_hermite_polynomial_h(Tensor x, Tensor n) -> Tensor`
 */
export const specialHermitePolynomialH: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_hermite_polynomial_h', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_hermite_polynomial_he.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_hermite_polynomial_he.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_hermite_polynomial_he(Tensor x, Tensor n) -> Tensor`
 */
export const specialHermitePolynomialHe: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_hermite_polynomial_he', ['x_scalar', 'n_scalar', ''])

/** `aten::special_i0(Tensor self) -> Tensor` */
export const specialI0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_i0', [''])

/** `aten::special_i0e(Tensor self) -> Tensor` */
export const specialI0e: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_i0e', [''])

/** `aten::special_i1(Tensor self) -> Tensor` */
export const specialI1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_i1', [''])

/** `aten::special_i1e(Tensor self) -> Tensor` */
export const specialI1e: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_i1e', [''])

/**
 * - `aten::special_laguerre_polynomial_l.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_laguerre_polynomial_l.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_laguerre_polynomial_l(Tensor x, Tensor n) -> Tensor`
 */
export const specialLaguerrePolynomialL: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_laguerre_polynomial_l', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_legendre_polynomial_p.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_legendre_polynomial_p.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_legendre_polynomial_p(Tensor x, Tensor n) -> Tensor`
 */
export const specialLegendrePolynomialP: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_legendre_polynomial_p', ['x_scalar', 'n_scalar', ''])

/** `aten::special_log1p(Tensor self) -> Tensor` */
export const specialLog1p: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_log1p', [''])

/** `aten::special_log_ndtr(Tensor self) -> Tensor` */
export const specialLogNdtr: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_log_ndtr', [''])

/** `aten::special_log_softmax(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor` */
export const specialLogSoftmax: {
  (self: Tensor, dim: number, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::special_log_softmax', [''])

/** `aten::special_logit(Tensor self, float? eps=None) -> Tensor` */
export const specialLogit: {
  (self: Tensor, eps?: number | null): Tensor
  (self: Tensor, options: { eps?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::special_logit', [''])

/** `aten::special_logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor` */
export const specialLogsumexp: {
  (self: Tensor, dim: number | readonly number[], options?: { keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::special_logsumexp', [''])

/** `aten::special_modified_bessel_i0(Tensor self) -> Tensor` */
export const specialModifiedBesselI0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_modified_bessel_i0', [''])

/** `aten::special_modified_bessel_i1(Tensor self) -> Tensor` */
export const specialModifiedBesselI1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_modified_bessel_i1', [''])

/** `aten::special_modified_bessel_k0(Tensor self) -> Tensor` */
export const specialModifiedBesselK0: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_modified_bessel_k0', [''])

/** `aten::special_modified_bessel_k1(Tensor self) -> Tensor` */
export const specialModifiedBesselK1: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_modified_bessel_k1', [''])

/** `aten::special_multigammaln(Tensor self, int p) -> Tensor` */
export const specialMultigammaln: {
  (self: Tensor, p: number): Tensor
} = /* @__PURE__ */ define('aten::special_multigammaln', [''])

/** `aten::special_ndtr(Tensor self) -> Tensor` */
export const specialNdtr: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_ndtr', [''])

/** `aten::special_ndtri(Tensor self) -> Tensor` */
export const specialNdtri: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_ndtri', [''])

/** `aten::special_polygamma(int n, Tensor self) -> Tensor` */
export const specialPolygamma: {
  (n: number, self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_polygamma', [''])

/** `aten::special_psi(Tensor self) -> Tensor` */
export const specialPsi: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_psi', [''])

/** `aten::special_round(Tensor self, *, int decimals=0) -> Tensor` */
export const specialRound: {
  (self: Tensor, options?: { decimals?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::special_round', [''])

/** `aten::special_scaled_modified_bessel_k0(Tensor x) -> Tensor` */
export const specialScaledModifiedBesselK0: {
  (x: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_scaled_modified_bessel_k0', [''])

/** `aten::special_scaled_modified_bessel_k1(Tensor x) -> Tensor` */
export const specialScaledModifiedBesselK1: {
  (x: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_scaled_modified_bessel_k1', [''])

/**
 * - `aten::special_shifted_chebyshev_polynomial_t.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_t.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_t(Tensor x, Tensor n) -> Tensor`
 */
export const specialShiftedChebyshevPolynomialT: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_shifted_chebyshev_polynomial_t', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_shifted_chebyshev_polynomial_u.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_u.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_u(Tensor x, Tensor n) -> Tensor`
 */
export const specialShiftedChebyshevPolynomialU: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_shifted_chebyshev_polynomial_u', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_shifted_chebyshev_polynomial_v.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_v.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_v(Tensor x, Tensor n) -> Tensor`
 */
export const specialShiftedChebyshevPolynomialV: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_shifted_chebyshev_polynomial_v', ['x_scalar', 'n_scalar', ''])

/**
 * - `aten::special_shifted_chebyshev_polynomial_w.x_scalar(Scalar x, Tensor n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_w.n_scalar(Tensor x, Scalar n) -> Tensor`
 * - `aten::special_shifted_chebyshev_polynomial_w(Tensor x, Tensor n) -> Tensor`
 */
export const specialShiftedChebyshevPolynomialW: {
  (x: Scalar | Tensor, n: Tensor): Tensor
  (x: Tensor, n: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_shifted_chebyshev_polynomial_w', ['x_scalar', 'n_scalar', ''])

/** `aten::special_sinc(Tensor self) -> Tensor` */
export const specialSinc: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_sinc', [''])

/** `aten::special_softmax(Tensor self, int dim, ScalarType? dtype=None) -> Tensor` */
export const specialSoftmax: {
  (self: Tensor, dim: number, dtype?: DType | null): Tensor
  (self: Tensor, dim: number, options: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::special_softmax', [''])

/** `aten::special_spherical_bessel_j0(Tensor x) -> Tensor` */
export const specialSphericalBesselJ0: {
  (x: Tensor): Tensor
} = /* @__PURE__ */ define('aten::special_spherical_bessel_j0', [''])

/**
 * - `aten::special_xlog1py.self_scalar(Scalar self, Tensor other) -> Tensor`
 * - `aten::special_xlog1py.other_scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::special_xlog1py(Tensor self, Tensor other) -> Tensor`
 */
export const specialXlog1py: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_xlog1py', ['self_scalar', 'other_scalar', ''])

/**
 * - `aten::special_xlogy.self_scalar(Scalar self, Tensor other) -> Tensor`
 * - `aten::special_xlogy.other_scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::special_xlogy(Tensor self, Tensor other) -> Tensor`
 */
export const specialXlogy: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_xlogy', ['self_scalar', 'other_scalar', ''])

/**
 * - `aten::special_zeta.self_scalar(Scalar self, Tensor other) -> Tensor`
 * - `aten::special_zeta.other_scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::special_zeta(Tensor self, Tensor other) -> Tensor`
 */
export const specialZeta: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::special_zeta', ['self_scalar', 'other_scalar', ''])

/**
 * - `aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]`
 * - `aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]`
 */
export const split: {
  (self: Tensor, splitSize: number | readonly number[], dim?: number): Tensor[]
  (self: Tensor, splitSize: number | readonly number[], options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::split', ['Tensor', 'sizes'])

/** `aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]` */
export const splitWithSizes: {
  (self: Tensor, splitSizes: readonly number[], dim?: number): Tensor[]
  (self: Tensor, splitSizes: readonly number[], options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::split_with_sizes', [''])

/** `aten::sqrt(Tensor self) -> Tensor` */
export const sqrt: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sqrt', [''])

/** `aten::sqrt_(Tensor(a!) self) -> Tensor(a!)` */
export const sqrt_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::sqrt_', [''])

/** `aten::square(Tensor self) -> Tensor` */
export const square: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::square', [''])

/** `aten::square_(Tensor(a!) self) -> Tensor(a!)` */
export const square_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::square_', [''])

/**
 * - `aten::squeeze(Tensor(a) self) -> Tensor(a)`
 * - `aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)`
 * - `aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)`
 */
export const squeeze: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::squeeze', ['', 'dim', 'dims'])

/**
 * - `aten::squeeze_(Tensor(a!) self) -> Tensor(a!)`
 * - `aten::squeeze_.dim(Tensor(a!) self, int dim) -> Tensor(a!)`
 * - `aten::squeeze_.dims(Tensor(a!) self, int[] dim) -> Tensor(a!)`
 */
export const squeeze_: {
  (self: Tensor): Tensor
  (self: Tensor, dim: number | readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::squeeze_', ['', 'dim', 'dims'])

/** `aten::sspaddmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor` */
export const sspaddmm: {
  (self: Tensor, mat1: Tensor, mat2: Tensor, options?: { beta?: Scalar | undefined; alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sspaddmm', [''])

/** `aten::stack(Tensor[] tensors, int dim=0) -> Tensor` */
export const stack: {
  (tensors: readonly Tensor[], dim?: number): Tensor
  (tensors: readonly Tensor[], options: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::stack', [''])

/**
 * - `aten::std(Tensor self, bool unbiased=True) -> Tensor`
 * - `aten::std.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor`
 * - `aten::std.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor`
 */
export const std: {
  (self: Tensor, options?: { unbiased?: boolean | undefined }): Tensor
  (self: Tensor, dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  (self: Tensor, dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::std', ['', 'correction', 'dim'])

/**
 * - `aten::std_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)`
 * - `aten::std_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)`
 * - `aten::std_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)`
 */
export const stdMean: {
  (self: Tensor, options?: { unbiased?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::std_mean', ['', 'correction', 'dim'])

/**
 * - `aten::stft(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor`
 * - `aten::stft.center(Tensor self, int n_fft, int? hop_length=None, int? win_length=None, Tensor? window=None, bool center=True, str pad_mode="reflect", bool normalized=False, bool? onesided=None, bool? return_complex=None, bool? align_to_window=None) -> Tensor`
 */
export const stft: {
  (self: Tensor, nFft: number, hopLength?: number | null, winLength?: number | null, window?: Tensor | null, options?: { normalized?: boolean | undefined; onesided?: boolean | null | undefined; returnComplex?: boolean | null | undefined; alignToWindow?: boolean | null | undefined }): Tensor
  (self: Tensor, nFft: number, options: { hopLength?: number | null | undefined; winLength?: number | null | undefined; window?: Tensor | null | undefined; normalized?: boolean | undefined; onesided?: boolean | null | undefined; returnComplex?: boolean | null | undefined; alignToWindow?: boolean | null | undefined }): Tensor
  (self: Tensor, nFft: number, hopLength?: number | null, winLength?: number | null, window?: Tensor | null, options?: { center?: boolean | undefined; padMode?: string | undefined; normalized?: boolean | undefined; onesided?: boolean | null | undefined; returnComplex?: boolean | null | undefined; alignToWindow?: boolean | null | undefined }): Tensor
  (self: Tensor, nFft: number, options: { hopLength?: number | null | undefined; winLength?: number | null | undefined; window?: Tensor | null | undefined; center?: boolean | undefined; padMode?: string | undefined; normalized?: boolean | undefined; onesided?: boolean | null | undefined; returnComplex?: boolean | null | undefined; alignToWindow?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::stft', ['', 'center'])

/** `aten::stride.int(Tensor self, int dim) -> int` */
export const stride: {
  (self: Tensor, dim: number): number
} = /* @__PURE__ */ define('aten::stride', ['int'])

/** `aten::sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor` */
export const sub: {
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sub', ['Tensor'])

/** `aten::sub_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)` */
export const sub_: {
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sub_', ['Tensor'])

/**
 * - `aten::subtract.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor`
 * - `aten::subtract.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor`
 */
export const subtract: {
  (self: Tensor, other: Scalar, alpha?: Scalar): Tensor
  (self: Tensor, other: Scalar, options: { alpha?: Scalar | undefined }): Tensor
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::subtract', ['Scalar', 'Tensor'])

/**
 * - `aten::subtract_.Scalar(Tensor(a!) self, Scalar other, Scalar alpha=1) -> Tensor(a!)`
 * - `aten::subtract_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)`
 */
export const subtract_: {
  (self: Tensor, other: Scalar, alpha?: Scalar): Tensor
  (self: Tensor, other: Scalar, options: { alpha?: Scalar | undefined }): Tensor
  (self: Tensor, other: Tensor | Scalar, options?: { alpha?: Scalar | undefined }): Tensor
} = /* @__PURE__ */ define('aten::subtract_', ['Scalar', 'Tensor'])

/**
 * - `aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor`
 * - `aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor`
 */
export const sum: {
  (self: Tensor, dim: number | readonly number[] | null, options?: { keepdim?: boolean | undefined; dtype?: DType | null | undefined }): Tensor
  (self: Tensor, options?: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::sum', ['dim_IntList', ''])

/** `aten::sum_to_size(Tensor self, SymInt[] size) -> Tensor` */
export const sumToSize: {
  (self: Tensor, size: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::sum_to_size', [''])

/** `aten::svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)` */
export const svd: {
  (self: Tensor, options?: { some?: boolean | undefined; computeUv?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::svd', [''])

/** `aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)` */
export const swapaxes: {
  (self: Tensor, axis0: number, axis1: number): Tensor
} = /* @__PURE__ */ define('aten::swapaxes', [''])

/** `aten::swapaxes_(Tensor(a!) self, int axis0, int axis1) -> Tensor(a!)` */
export const swapaxes_: {
  (self: Tensor, axis0: number, axis1: number): Tensor
} = /* @__PURE__ */ define('aten::swapaxes_', [''])

/** `aten::swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)` */
export const swapdims: {
  (self: Tensor, dim0: number, dim1: number): Tensor
} = /* @__PURE__ */ define('aten::swapdims', [''])

/** `aten::swapdims_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)` */
export const swapdims_: {
  (self: Tensor, dim0: number, dim1: number): Tensor
} = /* @__PURE__ */ define('aten::swapdims_', [''])

/** `aten::t(Tensor(a) self) -> Tensor(a)` */
export const t: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::t', [''])

/** `aten::t_(Tensor(a!) self) -> Tensor(a!)` */
export const t_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::t_', [''])

/** `aten::take(Tensor self, Tensor index) -> Tensor` */
export const take: {
  (self: Tensor, index: Tensor): Tensor
} = /* @__PURE__ */ define('aten::take', [''])

/** `aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor` */
export const takeAlongDim: {
  (self: Tensor, indices: Tensor, dim?: number | null): Tensor
  (self: Tensor, indices: Tensor, options: { dim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::take_along_dim', [''])

/** `aten::tan(Tensor self) -> Tensor` */
export const tan: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::tan', [''])

/** `aten::tan_(Tensor(a!) self) -> Tensor(a!)` */
export const tan_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::tan_', [''])

/** `aten::tanh(Tensor self) -> Tensor` */
export const tanh: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::tanh', [''])

/** `aten::tanh_(Tensor(a!) self) -> Tensor(a!)` */
export const tanh_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::tanh_', [''])

/**
 * - `aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]`
 * - `aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]`
 * - `aten::tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]`
 */
export const tensorSplit: {
  (self: Tensor, indices: readonly number[] | number | Tensor, dim?: number): Tensor[]
  (self: Tensor, indices: readonly number[] | number | Tensor, options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::tensor_split', ['indices', 'sections', 'tensor_indices_or_sections'])

/** `aten::tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor` */
export const tensordot: {
  (self: Tensor, other: Tensor, dimsSelf: readonly number[], dimsOther: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::tensordot', [''])

/** `aten::thnn_conv2d(Tensor self, Tensor weight, SymInt[2] kernel_size, Tensor? bias=None, SymInt[2] stride=[1, 1], SymInt[2] padding=[0, 0]) -> Tensor` */
export const thnnConv2d: {
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], bias?: Tensor | null, stride?: number | readonly number[], padding?: number | readonly number[]): Tensor
  (self: Tensor, weight: Tensor, kernelSize: number | readonly number[], options: { bias?: Tensor | null | undefined; stride?: number | readonly number[] | undefined; padding?: number | readonly number[] | undefined }): Tensor
} = /* @__PURE__ */ define('aten::thnn_conv2d', [''])

/** `aten::threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor` */
export const threshold: {
  (self: Tensor, threshold: Scalar, value: Scalar): Tensor
} = /* @__PURE__ */ define('aten::threshold', [''])

/** `aten::threshold_(Tensor(a!) self, Scalar threshold, Scalar value) -> Tensor(a!)` */
export const threshold_: {
  (self: Tensor, threshold: Scalar, value: Scalar): Tensor
} = /* @__PURE__ */ define('aten::threshold_', [''])

/** `aten::tile(Tensor self, SymInt[] dims) -> Tensor` */
export const tile: {
  (self: Tensor, dims: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::tile', [''])

/**
 * - `aten::to.dtype_layout(Tensor(a) self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)`
 * - `aten::to.dtype(Tensor(a) self, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)`
 * - `aten::to.device(Tensor(a) self, Device device, ScalarType dtype, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)`
 * - `aten::to.other(Tensor(a) self, Tensor other, bool non_blocking=False, bool copy=False, MemoryFormat? memory_format=None) -> Tensor(a)`
 */
export const to: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined; nonBlocking?: boolean | undefined; copy?: boolean | undefined }): Tensor
  (self: Tensor, dtype: DType | Tensor, options?: { nonBlocking?: boolean | undefined; copy?: boolean | undefined }): Tensor
  (self: Tensor, device: Device, dtype: DType, options?: { nonBlocking?: boolean | undefined; copy?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to', ['dtype_layout', 'dtype', 'device', 'other'])

/** `aten::to_dense(Tensor self, ScalarType? dtype=None, *, bool? masked_grad=None) -> Tensor` */
export const toDense: {
  (self: Tensor, dtype?: DType | null, options?: { maskedGrad?: boolean | null | undefined }): Tensor
  (self: Tensor, options: { dtype?: DType | null | undefined; maskedGrad?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_dense', [''])

/** `aten::to_mkldnn(Tensor self, ScalarType? dtype=None) -> Tensor` */
export const toMkldnn: {
  (self: Tensor, dtype?: DType | null): Tensor
  (self: Tensor, options: { dtype?: DType | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_mkldnn', [''])

/** `aten::to_padded_tensor(Tensor self, float padding, SymInt[]? output_size=None) -> Tensor` */
export const toPaddedTensor: {
  (self: Tensor, padding: number, outputSize?: readonly number[] | null): Tensor
  (self: Tensor, padding: number, options: { outputSize?: readonly number[] | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_padded_tensor', [''])

/**
 * - `aten::to_sparse(Tensor self, *, Layout? layout=None, int[2]? blocksize=None, int? dense_dim=None) -> Tensor`
 * - `aten::to_sparse.sparse_dim(Tensor self, int sparse_dim) -> Tensor`
 */
export const toSparse: {
  (self: Tensor, options?: { blocksize?: number | readonly number[] | null | undefined; denseDim?: number | null | undefined }): Tensor
  (self: Tensor, sparseDim: number): Tensor
} = /* @__PURE__ */ define('aten::to_sparse', ['', 'sparse_dim'])

/** `aten::to_sparse_bsc(Tensor self, int[2] blocksize, int? dense_dim=None) -> Tensor` */
export const toSparseBsc: {
  (self: Tensor, blocksize: number | readonly number[], denseDim?: number | null): Tensor
  (self: Tensor, blocksize: number | readonly number[], options: { denseDim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_sparse_bsc', [''])

/** `aten::to_sparse_bsr(Tensor self, int[2] blocksize, int? dense_dim=None) -> Tensor` */
export const toSparseBsr: {
  (self: Tensor, blocksize: number | readonly number[], denseDim?: number | null): Tensor
  (self: Tensor, blocksize: number | readonly number[], options: { denseDim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_sparse_bsr', [''])

/** `aten::to_sparse_csc(Tensor self, int? dense_dim=None) -> Tensor` */
export const toSparseCsc: {
  (self: Tensor, denseDim?: number | null): Tensor
  (self: Tensor, options: { denseDim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_sparse_csc', [''])

/** `aten::to_sparse_csr(Tensor self, int? dense_dim=None) -> Tensor` */
export const toSparseCsr: {
  (self: Tensor, denseDim?: number | null): Tensor
  (self: Tensor, options: { denseDim?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::to_sparse_csr', [''])

/** `aten::topk(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) -> (Tensor values, Tensor indices)` */
export const topk: {
  (self: Tensor, k: number, dim?: number, options?: { largest?: boolean | undefined; sorted?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, k: number, options: { dim?: number | undefined; largest?: boolean | undefined; sorted?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::topk', [''])

/** `aten::trace(Tensor self) -> Tensor` */
export const trace: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::trace', [''])

/** `aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)` */
export const transpose: {
  (self: Tensor, dim0: number, dim1: number): Tensor
} = /* @__PURE__ */ define('aten::transpose', ['int'])

/** `aten::transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)` */
export const transpose_: {
  (self: Tensor, dim0: number, dim1: number): Tensor
} = /* @__PURE__ */ define('aten::transpose_', [''])

/**
 * - `aten::trapezoid.dx(Tensor y, *, Scalar dx=1, int dim=-1) -> Tensor`
 * - `aten::trapezoid.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor`
 */
export const trapezoid: {
  (y: Tensor, options?: { dx?: Scalar | undefined; dim?: number | undefined }): Tensor
  (y: Tensor, x: Tensor, options?: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::trapezoid', ['dx', 'x'])

/**
 * - `aten::trapz.dx(Tensor y, *, float dx=1., int dim=-1) -> Tensor`
 * - `aten::trapz.x(Tensor y, Tensor x, *, int dim=-1) -> Tensor`
 */
export const trapz: {
  (y: Tensor, options?: { dx?: number | undefined; dim?: number | undefined }): Tensor
  (y: Tensor, x: Tensor, options?: { dim?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::trapz', ['dx', 'x'])

/** `aten::triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> (Tensor solution, Tensor cloned_coefficient)` */
export const triangularSolve: {
  (self: Tensor, A: Tensor, options?: { upper?: boolean | undefined; transpose?: boolean | undefined; unitriangular?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::triangular_solve', [''])

/** `aten::tril(Tensor self, SymInt diagonal=0) -> Tensor` */
export const tril: {
  (self: Tensor, diagonal?: number): Tensor
  (self: Tensor, options: { diagonal?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::tril', [''])

/** `aten::tril_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)` */
export const tril_: {
  (self: Tensor, diagonal?: number): Tensor
  (self: Tensor, options: { diagonal?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::tril_', [''])

/** `aten::tril_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const trilIndices: {
  (row: number, col: number, offset?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (row: number, col: number, options: { offset?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::tril_indices', [''])

/** `aten::triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., float eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor` */
export const tripletMarginLoss: {
  (anchor: Tensor, positive: Tensor, negative: Tensor, margin?: number, p?: number, eps?: number, options?: { swap?: boolean | undefined; reduction?: Reduction | undefined }): Tensor
  (anchor: Tensor, positive: Tensor, negative: Tensor, options: { margin?: number | undefined; p?: number | undefined; eps?: number | undefined; swap?: boolean | undefined; reduction?: Reduction | undefined }): Tensor
} = /* @__PURE__ */ define('aten::triplet_margin_loss', [''])

/** `aten::triu(Tensor self, SymInt diagonal=0) -> Tensor` */
export const triu: {
  (self: Tensor, diagonal?: number): Tensor
  (self: Tensor, options: { diagonal?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::triu', [''])

/** `aten::triu_(Tensor(a!) self, SymInt diagonal=0) -> Tensor(a!)` */
export const triu_: {
  (self: Tensor, diagonal?: number): Tensor
  (self: Tensor, options: { diagonal?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::triu_', [''])

/** `aten::triu_indices(int row, int col, int offset=0, *, ScalarType? dtype=4, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const triuIndices: {
  (row: number, col: number, offset?: number, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
  (row: number, col: number, options: { offset?: number | undefined; dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::triu_indices', [''])

/**
 * - `aten::true_divide.Scalar(Tensor self, Scalar other) -> Tensor`
 * - `aten::true_divide.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const trueDivide: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::true_divide', ['Scalar', 'Tensor'])

/**
 * - `aten::true_divide_.Scalar(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::true_divide_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const trueDivide_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::true_divide_', ['Scalar', 'Tensor'])

/** `aten::trunc(Tensor self) -> Tensor` */
export const trunc: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::trunc', [''])

/** `aten::trunc_(Tensor(a!) self) -> Tensor(a!)` */
export const trunc_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::trunc_', [''])

/** `aten::type_as(Tensor self, Tensor other) -> Tensor` */
export const typeAs: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::type_as', [''])

/** `aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]` */
export const unbind: {
  (self: Tensor, dim?: number): Tensor[]
  (self: Tensor, options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::unbind', ['int'])

/** `aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)` */
export const unflatten: {
  (self: Tensor, dim: number, sizes: readonly number[]): Tensor
} = /* @__PURE__ */ define('aten::unflatten', ['int'])

/** `aten::unflatten_dense_tensors(Tensor flat, Tensor[] tensors) -> Tensor[]` */
export const unflattenDenseTensors: {
  (flat: Tensor, tensors: readonly Tensor[]): Tensor[]
} = /* @__PURE__ */ define('aten::unflatten_dense_tensors', [''])

/** `aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)` */
export const unfold: {
  (self: Tensor, dimension: number, size: number, step: number): Tensor
} = /* @__PURE__ */ define('aten::unfold', [''])

/** `aten::uniform(Tensor self, float from=0., float to=1., *, Generator? generator=None) -> Tensor` */
export const uniform: {
  (self: Tensor, from?: number, to?: number): Tensor
  (self: Tensor, options: { from?: number | undefined; to?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::uniform', [''])

/** `aten::uniform_(Tensor(a!) self, float from=0., float to=1., *, Generator? generator=None) -> Tensor(a!)` */
export const uniform_: {
  (self: Tensor, from?: number, to?: number): Tensor
  (self: Tensor, options: { from?: number | undefined; to?: number | undefined }): Tensor
} = /* @__PURE__ */ define('aten::uniform_', [''])

/** `aten::unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, int? dim=None) -> (Tensor, Tensor, Tensor)` */
export const uniqueConsecutive: {
  (self: Tensor, options?: { returnInverse?: boolean | undefined; returnCounts?: boolean | undefined; dim?: number | null | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::unique_consecutive', [''])

/** `aten::unique_dim(Tensor self, int dim, bool sorted=True, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)` */
export const uniqueDim: {
  (self: Tensor, dim: number, options?: { sorted?: boolean | undefined; returnInverse?: boolean | undefined; returnCounts?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::unique_dim', [''])

/** `aten::unique_dim_consecutive(Tensor self, int dim, bool return_inverse=False, bool return_counts=False) -> (Tensor, Tensor, Tensor)` */
export const uniqueDimConsecutive: {
  (self: Tensor, dim: number, options?: { returnInverse?: boolean | undefined; returnCounts?: boolean | undefined }): [Tensor, Tensor, Tensor]
} = /* @__PURE__ */ define('aten::unique_dim_consecutive', [''])

/** `aten::unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]` */
export const unsafeChunk: {
  (self: Tensor, chunks: number, dim?: number): Tensor[]
  (self: Tensor, chunks: number, options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::unsafe_chunk', [''])

/** `aten::unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]` */
export const unsafeSplit: {
  (self: Tensor, splitSize: number, dim?: number): Tensor[]
  (self: Tensor, splitSize: number, options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::unsafe_split', ['Tensor'])

/** `aten::unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]` */
export const unsafeSplitWithSizes: {
  (self: Tensor, splitSizes: readonly number[], dim?: number): Tensor[]
  (self: Tensor, splitSizes: readonly number[], options: { dim?: number | undefined }): Tensor[]
} = /* @__PURE__ */ define('aten::unsafe_split_with_sizes', [''])

/** `aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)` */
export const unsqueeze: {
  (self: Tensor, dim: number): Tensor
} = /* @__PURE__ */ define('aten::unsqueeze', [''])

/** `aten::unsqueeze_(Tensor(a!) self, int dim) -> Tensor(a!)` */
export const unsqueeze_: {
  (self: Tensor, dim: number): Tensor
} = /* @__PURE__ */ define('aten::unsqueeze_', [''])

/**
 * - `aten::upsample_bicubic2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor`
 * - `aten::upsample_bicubic2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor`
 */
export const upsampleBicubic2d: {
  (input: Tensor, outputSize: readonly number[] | null, alignCorners: boolean, scaleFactors: readonly number[] | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, scalesH?: number | null, scalesW?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, options: { scalesH?: number | null | undefined; scalesW?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::upsample_bicubic2d', ['vec', ''])

/**
 * - `aten::upsample_bilinear2d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor`
 * - `aten::upsample_bilinear2d(Tensor self, SymInt[2] output_size, bool align_corners, float? scales_h=None, float? scales_w=None) -> Tensor`
 */
export const upsampleBilinear2d: {
  (input: Tensor, outputSize: readonly number[] | null, alignCorners: boolean, scaleFactors: readonly number[] | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, scalesH?: number | null, scalesW?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, options: { scalesH?: number | null | undefined; scalesW?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::upsample_bilinear2d', ['vec', ''])

/**
 * - `aten::upsample_linear1d(Tensor self, SymInt[1] output_size, bool align_corners, float? scales=None) -> Tensor`
 * - `aten::upsample_linear1d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor`
 */
export const upsampleLinear1d: {
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, scales?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, options: { scales?: number | null | undefined }): Tensor
  (input: Tensor, outputSize: readonly number[] | null, alignCorners: boolean, scaleFactors: readonly number[] | null): Tensor
} = /* @__PURE__ */ define('aten::upsample_linear1d', ['', 'vec'])

/**
 * - `aten::upsample_nearest1d(Tensor self, SymInt[1] output_size, float? scales=None) -> Tensor`
 * - `aten::upsample_nearest1d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor`
 */
export const upsampleNearest1d: {
  (self: Tensor, outputSize: number | readonly number[], scales?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], options: { scales?: number | null | undefined }): Tensor
  (input: Tensor, outputSize: readonly number[] | null, scaleFactors: readonly number[] | null): Tensor
} = /* @__PURE__ */ define('aten::upsample_nearest1d', ['', 'vec'])

/**
 * - `aten::upsample_nearest2d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor`
 * - `aten::upsample_nearest2d(Tensor self, SymInt[2] output_size, float? scales_h=None, float? scales_w=None) -> Tensor`
 */
export const upsampleNearest2d: {
  (input: Tensor, outputSize: readonly number[] | null, scaleFactors: readonly number[] | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], scalesH?: number | null, scalesW?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], options: { scalesH?: number | null | undefined; scalesW?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::upsample_nearest2d', ['vec', ''])

/**
 * - `aten::upsample_nearest3d.vec(Tensor input, SymInt[]? output_size, float[]? scale_factors) -> Tensor`
 * - `aten::upsample_nearest3d(Tensor self, SymInt[3] output_size, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor`
 */
export const upsampleNearest3d: {
  (input: Tensor, outputSize: readonly number[] | null, scaleFactors: readonly number[] | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], scalesD?: number | null, scalesH?: number | null, scalesW?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], options: { scalesD?: number | null | undefined; scalesH?: number | null | undefined; scalesW?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::upsample_nearest3d', ['vec', ''])

/**
 * - `aten::upsample_trilinear3d.vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor`
 * - `aten::upsample_trilinear3d(Tensor self, SymInt[3] output_size, bool align_corners, float? scales_d=None, float? scales_h=None, float? scales_w=None) -> Tensor`
 */
export const upsampleTrilinear3d: {
  (input: Tensor, outputSize: readonly number[] | null, alignCorners: boolean, scaleFactors: readonly number[] | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, scalesD?: number | null, scalesH?: number | null, scalesW?: number | null): Tensor
  (self: Tensor, outputSize: number | readonly number[], alignCorners: boolean, options: { scalesD?: number | null | undefined; scalesH?: number | null | undefined; scalesW?: number | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::upsample_trilinear3d', ['vec', ''])

/** `aten::values(Tensor(a) self) -> Tensor(a)` */
export const values: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::values', [''])

/** `aten::vander(Tensor x, int? N=None, bool increasing=False) -> Tensor` */
export const vander: {
  (x: Tensor, N?: number | null, options?: { increasing?: boolean | undefined }): Tensor
  (x: Tensor, options: { N?: number | null | undefined; increasing?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::vander', [''])

/**
 * - `aten::var(Tensor self, bool unbiased=True) -> Tensor`
 * - `aten::var.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> Tensor`
 * - `aten::var.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor`
 */
const var_: {
  (self: Tensor, options?: { unbiased?: boolean | undefined }): Tensor
  (self: Tensor, dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): Tensor
  (self: Tensor, dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): Tensor
} = /* @__PURE__ */ define('aten::var', ['', 'correction', 'dim'])
export { var_ as var }

/**
 * - `aten::var_mean(Tensor self, bool unbiased=True) -> (Tensor, Tensor)`
 * - `aten::var_mean.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> (Tensor, Tensor)`
 * - `aten::var_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> (Tensor, Tensor)`
 */
export const varMean: {
  (self: Tensor, options?: { unbiased?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, dim?: number | readonly number[] | null, options?: { correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, options: { dim?: number | readonly number[] | null | undefined; correction?: Scalar | null | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
  (self: Tensor, dim: number | readonly number[] | null, options?: { unbiased?: boolean | undefined; keepdim?: boolean | undefined }): [Tensor, Tensor]
} = /* @__PURE__ */ define('aten::var_mean', ['', 'correction', 'dim'])

/** `aten::vdot(Tensor self, Tensor other) -> Tensor` */
export const vdot: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::vdot', [''])

/**
 * - `aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)`
 * - `aten::view.dtype(Tensor(a) self, ScalarType dtype) -> Tensor(a)`
 */
export const view: {
  (self: Tensor, size: readonly number[] | DType): Tensor
} = /* @__PURE__ */ define('aten::view', ['', 'dtype'])

/** `aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)` */
export const viewAs: {
  (self: Tensor, other: Tensor): Tensor
} = /* @__PURE__ */ define('aten::view_as', [''])

/** `aten::view_as_complex(Tensor(a) self) -> Tensor(a)` */
export const viewAsComplex: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::view_as_complex', [''])

/** `aten::view_as_real(Tensor(a) self) -> Tensor(a)` */
export const viewAsReal: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::view_as_real', [''])

/**
 * - `aten::vsplit.array(Tensor(a -> *) self, int[] indices) -> Tensor(a)[]`
 * - `aten::vsplit.int(Tensor(a -> *) self, int sections) -> Tensor(a)[]`
 */
export const vsplit: {
  (self: Tensor, indices: readonly number[] | number): Tensor[]
} = /* @__PURE__ */ define('aten::vsplit', ['array', 'int'])

/** `aten::vstack(Tensor[] tensors) -> Tensor` */
export const vstack: {
  (tensors: readonly Tensor[]): Tensor
} = /* @__PURE__ */ define('aten::vstack', [''])

/**
 * - `aten::where(Tensor condition) -> Tensor[]`
 * - `aten::where.Scalar(Tensor condition, Scalar self, Scalar other) -> Tensor`
 * - `aten::where.ScalarSelf(Tensor condition, Scalar self, Tensor other) -> Tensor`
 * - `aten::where.ScalarOther(Tensor condition, Tensor self, Scalar other) -> Tensor`
 * - `aten::where.self(Tensor condition, Tensor self, Tensor other) -> Tensor`
 */
export const where: {
  (condition: Tensor): Tensor[]
  (condition: Tensor, self: Scalar, other: Scalar | Tensor): Tensor
  (condition: Tensor, self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::where', ['', 'Scalar', 'ScalarSelf', 'ScalarOther', 'self'])

/**
 * - `aten::xlogy.Scalar_Self(Scalar self, Tensor other) -> Tensor`
 * - `aten::xlogy.Scalar_Other(Tensor self, Scalar other) -> Tensor`
 * - `aten::xlogy.Tensor(Tensor self, Tensor other) -> Tensor`
 */
export const xlogy: {
  (self: Scalar | Tensor, other: Tensor): Tensor
  (self: Tensor, other: Scalar): Tensor
} = /* @__PURE__ */ define('aten::xlogy', ['Scalar_Self', 'Scalar_Other', 'Tensor'])

/**
 * - `aten::xlogy_.Scalar_Other(Tensor(a!) self, Scalar other) -> Tensor(a!)`
 * - `aten::xlogy_.Tensor(Tensor(a!) self, Tensor other) -> Tensor(a!)`
 */
export const xlogy_: {
  (self: Tensor, other: Scalar | Tensor): Tensor
} = /* @__PURE__ */ define('aten::xlogy_', ['Scalar_Other', 'Tensor'])

/** `aten::zero(Tensor self) -> Tensor` */
export const zero: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::zero', [''])

/** `aten::zero_(Tensor(a!) self) -> Tensor(a!)` */
export const zero_: {
  (self: Tensor): Tensor
} = /* @__PURE__ */ define('aten::zero_', [''])

/** `aten::zeros(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None) -> Tensor` */
export const zeros: {
  (size: readonly number[], options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::zeros', [''])

/** `aten::zeros_like(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None, MemoryFormat? memory_format=None) -> Tensor` */
export const zerosLike: {
  (self: Tensor, options?: { dtype?: DType | null | undefined; device?: Device | null | undefined; pinMemory?: boolean | null | undefined }): Tensor
} = /* @__PURE__ */ define('aten::zeros_like', [''])
