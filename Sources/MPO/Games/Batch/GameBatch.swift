import Foundation
import MPOBackend

/// Many random games of one size, played at once on a device by `ComputeBackend.magneticUpdate`.
///
/// B games, n responses each.
public struct GameBatch: Sendable {
  public enum Precision: String, Sendable, CaseIterable {
    case f32, f64
    var type: ElementType { self == .f64 ? .f64 : .f32 }
  }

  /// B.
  public var games: Int
  /// n.
  public var size: Int
  /// `mpo`, `mmd`, `mwu` and what equals them: `comal`, `inpo`.
  public var algorithm: AlgorithmChoice
  /// Default: 2000.
  public var steps = 2000
  /// Of P and log pi in device memory. Default: f32, which leaves gaps of 1e-7 to 1e-6.
  public var precision = Precision.f32
  /// `uniform` or `ramp`. Default: ramp.
  public var start = GameStart.ramp
  /// Game b is `PreferenceGame.random` from stream b of this seed. Default: 0.
  public var seed: UInt64 = 0
  /// Gaps are taken at about this many updates, evenly spaced in the logarithm. Default: 20.
  public var records = 20

  public init(games: Int, size: Int, algorithm: AlgorithmChoice) {
    self.games = games
    self.size = size
    self.algorithm = algorithm
  }

  /// Bytes of P, (B, n, n), and of the policies and magnets, (B, n) each. The device holds them, and
  /// the host P once more, for the gaps.
  public var bytes: (payoffs: Int, policies: Int) {
    get throws {
      let (row, overflow) = games.multipliedReportingOverflow(by: size * precision.type.size)
      let (payoffs, overflows) = row.multipliedReportingOverflow(by: size)
      guard !overflow, !overflows else {
        throw GameError.options(
          "\(games) games of \(size) responses take more bytes than can be counted; ask for fewer")
      }
      return (payoffs, 2 * row)
    }
  }

  /// - Throws: `GameError` for sizes and settings that cannot be played at all.
  public func validate() throws {
    guard games >= 1, games <= Int(UInt32.max) else {
      throw GameError.options("expected a batch of 1 to \(UInt32.max) games, found \(games)")
    }
    guard (1...PreferenceGame.maximumCount).contains(size) else {
      throw GameError.options(
        "expected games of 1 to \(PreferenceGame.maximumCount) responses, found \(size)")
    }
    guard steps >= 0 else { throw GameError.options("expected 0 steps or more, found \(steps)") }
    guard [.mpo, .mmd, .mwu, .comal, .inpo].contains(algorithm.kind) else {
      throw GameError.algorithm(
        "'\(algorithm.text)': a batch is played on the device by one operation, which knows mpo, "
          + "mmd and mwu only; choose one of them, or play single games without a batch")
    }
    if case .policy = start {
      throw GameError.start("a batch starts uniform or at the ramp, found probabilities")
    }
  }

  /// - Throws: `GameError.options` when the games do not fit the device's or the host's memory.
  public func checkMemory(
    _ device: DeviceDescription, host: UInt64 = ProcessInfo.processInfo.physicalMemory
  ) throws {
    let need = try bytes
    let onDevice = need.payoffs + need.policies
    let isShared = device.kind == .cpu || device.kind == .openCLCPU
    let onHost = need.payoffs + (isShared ? onDevice : 0)
    func mib(_ bytes: Int) -> Int { (bytes + (1 << 20) - 1) >> 20 }
    func check(_ bytes: Int, _ place: String, has available: Int) throws {
      // Nine tenths: programs, kernels and the system need some.
      guard available > 0, bytes > available / 10 * 9 else { return }
      throw GameError.options(
        "\(games) games of \(size) responses in \(precision.rawValue) need \(mib(bytes)) MiB "
          + "\(place), which has \(mib(available)); ask for a smaller batch or size")
    }
    if device.kind != .cpu { try check(onDevice, "on \(device.name)", has: device.memory) }
    try check(onHost, "in main memory", has: Int(clamping: host))
  }

  /// `memory: 64 MiB on the device, 64 MiB more for the gaps`
  public var memoryLine: String {
    get throws {
      let need = try bytes
      func mib(_ bytes: Int) -> Int { (bytes + (1 << 19)) >> 20 }
      return "memory: about \(mib(need.payoffs + need.policies)) MiB on the device, "
        + "\(mib(need.payoffs)) MiB on the host"
    }
  }

  /// 0, then about `records` updates evenly spaced in the logarithm, and the last.
  package var recordedSteps: [Int] {
    guard steps > 0 else { return [0] }
    var out = [0]
    for i in 0..<max(1, records) {
      let step = pow(Double(steps), Double(i + 1) / Double(max(1, records))).rounded()
      let next = i + 1 == max(1, records) ? steps : Int(min(step, Double(steps)))
      if let last = out.last, next > last { out.append(next) }
    }
    return out
  }
}
