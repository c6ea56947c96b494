import MPOBackend
import MPOModel

/// Small random decoders, so that tests of generation and training need no files.
public struct RandomModel {
  public let decoder: Decoder
  public let parameters: ParameterSet
  public var backend: any ComputeBackend { decoder.backend }

  /// Two layers with grouped-query attention and odd sizes; the deviation is large enough that
  /// tokens differ much in probability.
  public static let shape = DecoderShape(
    vocabulary: 93, width: 24, layers: 2, heads: 6, keyValueHeads: 2, headWidth: 4,
    feedForward: 44, normEpsilon: 1e-5, rotaryBase: 10_000, maxPositions: 96, tiedHead: true)

  public init(
    _ shape: DecoderShape = RandomModel.shape, seed: UInt64 = 1, deviation: Float = 0.2,
    on backend: any ComputeBackend
  ) throws {
    decoder = Decoder(shape, on: backend)
    parameters = try .random(
      ParameterLayout(shape), seed: seed, deviation: deviation, on: backend)
  }

  /// Token ids that depend on nothing but the arguments.
  public static func tokens(_ count: Int, seed: UInt64, vocabulary: Int = shape.vocabulary)
    -> [Int32]
  {
    var generator = PhiloxGenerator(seed: seed, domain: .test)
    return (0..<count).map { _ in Int32(generator.next() % UInt64(vocabulary)) }
  }
}

/// |a - b| relative to |b|.
public func relativeError(_ a: Double, _ b: Double) -> Double { abs(a - b) / max(abs(b), 1e-300) }
