import MPOBackend
import MPOModel

/// What a method must hold and compute, from parameter counts. All weights are f32, but a reference with
/// bf16 products.
struct AlignmentCost {
  private let parameters: Double
  private let cost: DecoderCost
  private let sizes: AlignmentSizes
  private let headParameters: Double
  private let referenceShare: Double

  init(_ shape: DecoderShape, _ sizes: AlignmentSizes, _ precision: ProductPrecision) {
    parameters = Double(ParameterLayout(shape).parameterCount)
    headParameters = Double(shape.vocabulary * shape.width)
    cost = DecoderCost(shape, precision)
    referenceShare = precision == .bf16 ? 0.5 : 1
    self.sizes = sizes
  }

  private var rows: Int { sizes.prompts * sizes.samples }

  /// Policy with gradient and two moments, and the reference: 5 arrays of the policy's size (of bf16 the
  /// reference is half of one); a judge's model one more. Several inner steps of MPO keep the output
  /// projection that generated.
  func mebibytes(_ method: AlignmentMethod) -> Double {
    let judge = method.judgeOutputs > 0 ? parameters : 0
    let keepsHead = sizes.innerSteps > 1 && method != .rloo
    return mebibytes((4 + referenceShare) * parameters + judge + (keepsHead ? headParameters : 0))
  }

  /// PPO with four models: policy and critic with gradient and two moments each, reference and reward
  /// model: 10 arrays.
  var ppoMebibytes: Double { mebibytes(10 * parameters) }

  private func mebibytes(_ floats: Double) -> Double { floats * 4 / 1_048_576 }

  /// FLOPs of one iteration: generation, judge, reference and update.
  func flops(_ method: AlignmentMethod) -> Double {
    let isMixed = method == .nashMD
    // A mixture runs both models at every token.
    let generations = isMixed ? 3.0 : 1
    let judged = method.judgeOutputs > 0 ? (isMixed ? 2.0 : 1) : 0
    return generations * generation + judged * scoring + update
  }

  /// The same of PPO: generation, reward, reference, values, and updates of policy and critic. A
  /// critic's passes go through the blocks alone.
  var ppoFLOPs: Double {
    let critic = scoring + 3 * Double(sizes.innerSteps) * scoring
    return generation + scoring + update + critic
  }

  private var generation: Double {
    cost.generation(
      prompts: sizes.prompts, samples: sizes.samples, length: sizes.prompt, new: sizes.new
    ).flops
  }
  /// One pass through the blocks.
  private var scoring: Double { cost.blocks(rows, sizes.prompt + sizes.new) }
  /// The reference once, the policy forward and backward at every inner step.
  private var update: Double {
    cost.forward(rows: rows, length: sizes.prompt, new: sizes.new).flops
      + Double(sizes.innerSteps)
      * cost.train(rows: rows, length: sizes.prompt, new: sizes.new).flops
  }
}
