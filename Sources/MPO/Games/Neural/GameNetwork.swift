import Foundation
import MPOBackend
import MPOModel

/// The sizes of a network that plays games.
public struct GameNetworkShape: Sendable, Equatable {
  /// X, games (prompts); the context of game x is the one id x.
  public var contexts: Int
  /// n, responses to each.
  public var responses: Int
  /// C, at least n: n independent directions in which every game's logits can move.
  public var width: Int
  /// Residual SwiGLU blocks, all games through the same weights.
  public var layers: Int
  /// F
  public var feedForward: Int

  public init(contexts: Int, responses: Int, width: Int, layers: Int, feedForward: Int? = nil) {
    self.contexts = contexts
    self.responses = responses
    self.width = width
    self.layers = layers
    self.feedForward = feedForward ?? 2 * width
  }
}

/// A policy of contextual games: an embedding (X, C) of the prompt's id, residual blocks
/// `h + down swiglu(gate_up rmsnorm(h))`, and an output projection (n, C) to the logits of the n
/// responses. There is no last norm: it would give the logits of all games one scale, and an
/// equilibrium without some responses needs logits without bound.
///
/// A batch is packed from contexts of one id each.
public final class GameNetwork: PolicyNetwork {
  public let shape: GameNetworkShape
  public let backend: any ComputeBackend
  public let layout: ParameterLayout
  public var vocabulary: Int { shape.responses }
  public var width: Int { shape.width }
  private static let norm = RMSNormSettings(epsilon: 1e-5)
  private static let embedding = "embedding.weight"
  private static let projection = "projection.weight"

  /// - Throws: `GameError.options` when the width is below the number of responses.
  public init(_ shape: GameNetworkShape, on backend: any ComputeBackend) throws {
    guard shape.width >= shape.responses else {
      throw GameError.options(
        "width is \(shape.width), but a game has \(shape.responses) responses: expected at least "
          + "as many, for the logits are a linear map of the hidden state")
    }
    self.shape = shape
    self.backend = backend
    let (c, f) = (shape.width, shape.feedForward)
    let blocks = (0..<shape.layers).flatMap { layer -> [ParameterLayout.Group] in
      let p = "layers.\(layer)."
      return [
        [.init(p + "gate_proj.weight", [f, c]), .init(p + "up_proj.weight", [f, c])],
        [.init(p + "down_proj.weight", [c, f])],
      ]
    }
    layout = ParameterLayout(
      matrices: [
        [.init(Self.embedding, [shape.contexts, c])],
        [.init(Self.projection, [shape.responses, c])],
      ] + blocks,
      vectors: (0..<shape.layers).map { [.init("layers.\($0).norm.weight", [c])] },
      projection: Self.projection, layers: shape.layers)
  }

  public func pack(_ contexts: [[Int32]]) throws -> PackedBatch {
    try PackedBatch(contexts, vocabulary: shape.contexts, maxPositions: 1, on: backend)
  }

  public func activationBytes(checkpointing: Bool) -> Int {
    let block = 2 * shape.width + 2 * shape.feedForward
    return 4 * (checkpointing ? shape.layers * shape.width + block : shape.layers * block)
  }

  public func hidden(
    _ batch: PackedBatch, _ parameters: TrainableParameters, tape: Tape, checkpointing: Bool
  ) throws -> Variable {
    var x = try tape.embedding(batch.ids, parameters.parameter(Self.embedding))
    for layer in 0..<shape.layers {
      let p = "layers.\(layer)."
      let block: (Tape, Variable) throws -> Variable = { tape, x in
        let normed = try tape.rmsNorm(
          x, parameters.parameter(p + "norm.weight"), Self.norm)
        let gateUp = try tape.linear(normed, parameters.parameter(p + "gate_proj.weight", 2))
        return try tape.add(
          x,
          tape.linear(tape.gatedUnit(gateUp, .silu), parameters.parameter(p + "down_proj.weight")))
      }
      x = checkpointing ? try tape.checkpoint(x, block) : try block(tape, x)
    }
    return x
  }

  /// Weights whose policies are `start` (X, n) to float rounding: the projection begins as the
  /// identity on the first n directions, the embedding as log-probabilities there and small noise
  /// in the others, and the blocks' last matrices as zeros, so each block begins as the identity.
  /// Precondition: `start` has X rows of n positive probabilities.
  public func parameters(start: [[Double]], seed: UInt64) throws -> ParameterSet {
    let set = try ParameterSet.zeros(layout, on: backend)
    let (n, c) = (shape.responses, shape.width)
    for (i, entry) in layout.entries.enumerated() {
      var generator = PhiloxGenerator(
        seed: seed, domain: .initialization, stream: UInt32(truncatingIfNeeded: i))
      var values = [Float](repeating: 0, count: entry.count)
      switch entry.name {
      case Self.embedding:
        for x in 0..<shape.contexts {
          for j in 0..<c {
            values[x * c + j] = j < n ? Float(log(start[x][j])) : 0.02 * generator.normal()
          }
        }
      case Self.projection:
        for j in 0..<n { values[j * c + j] = 1 }
      case let name where name.hasSuffix("norm.weight"):
        values = [Float](repeating: 1, count: entry.count)
      case let name where name.hasSuffix("down_proj.weight"): break
      default:
        let deviation = 1 / Float(c).squareRoot()
        for k in values.indices { values[k] = deviation * generator.normal() }
      }
      try values.withUnsafeBytes { try backend.upload($0, to: set.tensor(entry)) }
    }
    return set
  }
}
