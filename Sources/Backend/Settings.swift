/// What a device is, for printing and for choosing.
public struct DeviceDescription: Sendable, Equatable {
  public enum Kind: String, Sendable {
    case cpu
    case openCLGPU = "opencl-gpu"
    case openCLCPU = "opencl-cpu"
    case openCLOther = "opencl-other"
  }
  public var kind: Kind
  public var name: String
  public var vendor: String
  public var driver: String
  public var computeUnits: Int
  /// Bytes of memory that the device has; 0 when unknown.
  public var memory: Int
  /// Whether it computes in double precision (`ElementType.f64`). Default true, as the CPU does.
  public var supportsFloat64: Bool
  public init(
    kind: Kind, name: String, vendor: String, driver: String, computeUnits: Int, memory: Int,
    supportsFloat64: Bool = true
  ) {
    self.kind = kind
    self.name = name
    self.vendor = vendor
    self.driver = driver
    self.computeUnits = computeUnits
    self.memory = memory
    self.supportsFloat64 = supportsFloat64
  }
}

/// Bytes of device memory: in live tensors, the most of those since the last `trim`, and kept by
/// the pool for reuse.
public struct MemoryStatistics: Sendable, Equatable {
  public var live = 0
  public var peak = 0
  public var pooled = 0
  public init() {}
}

/// Heads of an attention layer. Precondition: `heads` is a multiple of `keyValueHeads`; `headWidth`
/// is even; `window` and `softcap` are not negative.
public struct AttentionShape: Sendable, Equatable {
  public var heads: Int
  public var keyValueHeads: Int
  public var headWidth: Int
  /// Multiplies q.k before the softmax; 1/sqrt(D) for Llama.
  public var scale: Float
  /// Sliding window: token i attends to token j of its sequence when 0 <= i - j < window. 0: to all
  /// before it.
  public var window: Int
  /// Soft cap of the scores, after `scale` and before the mask: s -> softcap * tanh(s / softcap).
  /// 0: none.
  public var softcap: Float
  public init(
    heads: Int, keyValueHeads: Int, headWidth: Int, scale: Float, window: Int = 0,
    softcap: Float = 0
  ) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.scale = scale
    self.window = window
    self.softcap = softcap
  }
  /// Width of a packed [q | k | v] row: (H + 2G) * D.
  public var packedWidth: Int { (heads + 2 * keyValueHeads) * headWidth }
  /// Width of the output: H * D.
  public var outputWidth: Int { heads * headWidth }
}

/// A root-mean-square norm: `x / sqrt(mean(x^2) + epsilon) * (weightOffset + weight)`.
public struct RMSNormSettings: Sendable, Equatable {
  /// Above 0 where a row may be all zeros.
  public var epsilon: Float
  /// Added to the stored weight: 0 for Llama, 1 for Gemma, which stores w - 1.
  public var weightOffset: Float
  public init(epsilon: Float, weightOffset: Float = 0) {
    self.epsilon = epsilon
    self.weightOffset = weightOffset
  }
}

/// The nonlinearity of a feed-forward layer.
public enum Activation: String, Sendable, CaseIterable {
  /// x / (1 + exp(-x))
  case silu
  /// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
  case geluTanh
  /// x / 2 * (1 + erf(x / sqrt(2)))
  case gelu
}

/// What happens to logits before their softmax: `z = softcap > 0 ? softcap * tanh(x / softcap) : x`,
/// then `z * scale` (scale = 1 / temperature). Gradients are with respect to x.
public struct LogitTransform: Sendable, Equatable {
  /// Final-logit soft cap; 0 is none.
  public var softcap: Float
  public var scale: Float
  public init(softcap: Float = 0, scale: Float = 1) {
    self.softcap = softcap
    self.scale = scale
  }
}

/// The magnetic loss of one token (algorithm.md section 3), s the visited prefix, y the token:
/// `weight * (-surrogate + alpha * KL(pi || mu) + KL(pi || pi_old) / eta)` with
/// rho = pi(y|s) / pi_old(y|s) and surrogate = rho * A, or
/// min(rho * A, clamp(rho, 1 - clip, 1 + clip) * A) when clip > 0. Both KLs are over the full
/// vocabulary, in nats. At a tie of the clip's two branches the unclipped one gives the gradient.
public struct MagneticLossSettings: Sendable, Equatable {
  public var alpha: Float
  public var eta: Float
  /// PPO clip; 0 is none.
  public var clip: Float
  public var transform: LogitTransform
  public init(alpha: Float, eta: Float, clip: Float = 0, transform: LogitTransform = .init()) {
    self.alpha = alpha
    self.eta = eta
    self.clip = clip
    self.transform = transform
  }
}

/// Rows of the (count, N) component array that the magnetic loss fills, one value per token.
public enum MagneticComponent: Int, CaseIterable, Sendable {
  /// Unweighted loss of the token.
  case loss
  /// The policy term (rho * A or its clipped form).
  case surrogate
  case klMagnet
  case klOld
  /// Entropy of pi in nats.
  case entropy
  case ratio
  case policyLogProb
  case oldLogProb
  case magnetLogProb
  public static var count: Int { allCases.count }
}

/// How a token is drawn: logits / temperature, softmax, then the kept set is the intersection of
/// the top-k, top-p and min-p sets, each defined by a threshold on that softmax p, so tied
/// tokens stay together: top-k keeps p >= the k-th largest p; top-p keeps the tokens of the
/// smallest p-threshold set with mass >= topP (largest t with sum of p over {p >= t} >= topP);
/// min-p keeps p >= minP * max p. Then one draw from p restricted to the kept set.
public struct SamplingSettings: Sendable, Equatable {
  /// 0 takes the argmax (lowest index on ties).
  public var temperature: Float
  /// 0 is off.
  public var topK: Int
  /// 1 is off.
  public var topP: Float
  /// 0 is off.
  public var minP: Float
  public init(temperature: Float = 1, topK: Int = 0, topP: Float = 1, minP: Float = 0) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
    self.minP = minP
  }
}

/// How `magneticUpdate` runs.
public struct MagneticUpdateSettings: Sendable, Equatable {
  /// Step size, >= 0.
  public var eta: Double
  /// Weight of the magnet, >= 0.
  public var alpha: Double
  /// Steps of one call. A game's payoffs are laid out anew by every call, at the price of a few
  /// steps: prefer one call of many steps.
  public var steps: Int
  /// T_mag; 0 keeps the magnet.
  public var syncSteps: Int
  /// Steps taken before this call, so that a run may be split into calls.
  public var firstStep: Int
  public init(eta: Double, alpha: Double, steps: Int, syncSteps: Int = 0, firstStep: Int = 0) {
    self.eta = eta
    self.alpha = alpha
    self.steps = steps
    self.syncSteps = syncSteps
    self.firstStep = firstStep
  }
}

public struct AdamWSettings: Sendable, Equatable {
  public var learningRate: Float
  public var beta1: Float
  public var beta2: Float
  public var epsilon: Float
  /// Decoupled: `parameter -= learningRate * weightDecay * parameter`.
  public var weightDecay: Float
  /// 1 for the first step (bias correction).
  public var step: Int
  /// 0 does not clip.
  public var maxGradNorm: Float
  public init(
    learningRate: Float, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8,
    weightDecay: Float = 0, step: Int, maxGradNorm: Float = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.step = step
    self.maxGradNorm = maxGradNorm
  }
}
