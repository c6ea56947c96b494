#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Philox4x32-10 (Salmon et al., *Parallel Random Numbers: As Easy as 1, 2, 3*, SC 2011): a
/// counter-based generator, `(seed, counter) -> 4 x 32 bits`, with no state. The kernels hold the
/// same function, so a number depends on what it is for and never on the device, the batch split
/// or a restart.
public enum Philox {
  /// What a random number is for; one domain never sees another's numbers.
  public enum Domain: UInt32, Sendable {
    case sampling = 1
    case initialization = 2
    case shuffle = 3
    case dataset = 4
    case bootstrap = 5
    case test = 6
    case game = 7
    case dropout = 8
    case retry = 9
  }

  /// Four 32-bit words of the block `counter` under the key `seed`.
  public static func block(
    seed: UInt64, _ c0: UInt32, _ c1: UInt32, _ c2: UInt32, _ c3: UInt32
  ) -> (UInt32, UInt32, UInt32, UInt32) {
    var (x0, x1, x2, x3) = (c0, c1, c2, c3)
    var k0 = UInt32(truncatingIfNeeded: seed)
    var k1 = UInt32(truncatingIfNeeded: seed >> 32)
    for _ in 0..<10 {
      let p0 = UInt64(x0) * 0xD251_1F53
      let p1 = UInt64(x2) * 0xCD9E_8D57
      (x0, x1, x2, x3) = (
        UInt32(truncatingIfNeeded: p1 >> 32) ^ x1 ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ x3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return (x0, x1, x2, x3)
  }

  /// A 24-bit uniform in [0, 1): the top bits of `word`, exact in Float.
  public static func uniform(_ word: UInt32) -> Float { Float(word >> 8) * 0x1p-24 }

  /// The uniform that draws token `index` of row `row` in rollout `stream`: word 0 of the block
  /// (index, row, stream, `Domain.sampling`). `ComputeBackend.sample` uses exactly this number.
  public static func samplingUniform(
    seed: UInt64, index: UInt32, row: UInt32, stream: UInt32
  ) -> Float {
    uniform(block(seed: seed, index, row, stream, Domain.sampling.rawValue).0)
  }

  /// The uniform that decides on element `index` of a dropout's tensor: word 0 of the block (lower
  /// and upper half of index, stream, `Domain.dropout`). `ComputeBackend.dropout` uses exactly this
  /// number.
  public static func dropoutUniform(seed: UInt64, index: UInt64, stream: UInt32) -> Float {
    uniform(
      block(
        seed: seed, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
        stream, Domain.dropout.rawValue
      ).0)
  }
}

/// A sequential view of one Philox stream, for host-side use (initialisation, shuffles).
public struct PhiloxGenerator: RandomNumberGenerator {
  private let seed: UInt64
  private let domain: Philox.Domain
  private let stream: UInt32
  private var index: UInt64 = 0

  public init(seed: UInt64, domain: Philox.Domain, stream: UInt32 = 0) {
    self.seed = seed
    self.domain = domain
    self.stream = stream
  }

  public mutating func next() -> UInt64 {
    let b = Philox.block(
      seed: seed, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32),
      stream, domain.rawValue)
    index += 1
    return UInt64(b.0) << 32 | UInt64(b.1)
  }

  /// A uniform in [0, 1).
  public mutating func uniform() -> Float { Philox.uniform(UInt32(truncatingIfNeeded: next())) }
}

extension PhiloxGenerator {
  /// A standard normal by Box and Muller from two uniforms.
  public mutating func normal() -> Float {
    let word = next()
    let u = (Double(word >> 32) + 0.5) * 0x1p-32
    let v = Double(UInt32(truncatingIfNeeded: word)) * 0x1p-32
    return Float((-2 * log(u)).squareRoot() * cos(2 * Double.pi * v))
  }
}
