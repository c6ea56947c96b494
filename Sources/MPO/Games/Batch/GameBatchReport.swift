import Foundation
import MPOBackend

/// A batch of games played on a device: quantiles of the gaps on the way, and the speed.
public struct GameBatchReport: Sendable {
  public let batch: GameBatch
  public let device: DeviceDescription
  /// Recorded updates, from 0.
  public private(set) var steps: [Int] = []
  /// Of the gaps of all games at each of `steps`.
  public private(set) var quantiles: [Quantiles] = []
  /// Spent in updates alone: no transfers, no gaps.
  public private(set) var seconds = 0.0
  public var updates: Int { steps.last ?? 0 }
  public var isStopped: Bool { updates < batch.steps }
  /// Updates of all games in a second; nil before any was done.
  public var updatesPerSecond: Double? {
    updates > 0 && seconds > 0 ? Double(batch.games) * Double(updates) / seconds : nil
  }

  /// One call of the device lasts about so long, so that a stop is answered.
  private static let secondsPerCall = 0.5

  /// Makes the games, plays them and takes the gaps.
  /// - Parameter goesOn: asked between calls of the device, with the updates done; false stops.
  /// - Throws: `GameError` for a batch that cannot be played, `BackendError` from the device.
  public init(
    _ batch: GameBatch, on backend: any ComputeBackend, goesOn: (Int) -> Bool = { _ in true }
  ) throws {
    try batch.validate()
    try batch.checkMemory(backend.description)
    self.batch = batch
    device = backend.description
    switch batch.precision {
    case .f32: try play(backend, goesOn, { try backend.floats($0) })
    case .f64: try play(backend, goesOn, { try backend.doubles($0) })
    }
  }

  private mutating func play<Scalar: BinaryFloatingPoint & Sendable>(
    _ backend: any ComputeBackend, _ goesOn: (Int) -> Bool, _ read: (Tensor) throws -> [Scalar]
  ) throws {
    let (b, n, type) = (batch.games, batch.size, batch.precision.type)
    // Device memory first: what does not fit is refused before the games are made.
    let payoff = try backend.empty([b, n, n], type)
    let policy = try backend.empty([b, n], type)
    let magnet = try backend.empty([b, n], type)
    let games = BatchGames<Scalar>(games: b, size: n, seed: batch.seed)
    try backend.upload(games.bytes, to: payoff)
    let start = try batch.start.logPolicy(n).map { Scalar($0) }
    let all = (0..<b).flatMap { _ in start }
    for tensor in [policy, magnet] {
      try all.withUnsafeBytes { try backend.upload($0, to: tensor) }
    }

    func update(_ count: Int, first: Int) throws {
      try backend.magneticUpdate(
        logPolicy: policy, logMagnet: magnet, payoff: payoff,
        settings: settings(steps: count, first: first))
    }
    // Compiles the kernels and changes nothing: the start is normalised.
    try update(0, first: 0)
    try backend.synchronize()
    var clock = DeviceClock(backend)
    var done = 0
    for target in batch.recordedSteps {
      while done < target {
        let count = min(target - done, clock.affordable(Self.secondsPerCall))
        try clock.measure(count) { try update(count, first: done) }
        done += count
        if !goesOn(done) { break }
      }
      steps.append(done)
      quantiles.append(Quantiles(games.gaps(logPolicies: try read(policy))))
      seconds = clock.seconds
      if done < target || !goesOn(done) { return }
    }
  }

  private func settings(steps: Int, first: Int) -> MagneticUpdateSettings {
    let choice = batch.algorithm
    return MagneticUpdateSettings(
      eta: choice.eta, alpha: choice.kind.usesMagnet ? choice.magnetCoefficient : 0, steps: steps,
      syncSteps: choice.magnetSyncSteps, firstStep: first)
  }
}

/// Times updates, and says how many fit a call.
private struct DeviceClock {
  private let backend: any ComputeBackend
  private(set) var seconds = 0.0
  /// Of the last call, seconds for one update.
  private var pace = 0.0

  init(_ backend: any ComputeBackend) { self.backend = backend }

  mutating func measure(_ count: Int, _ work: () throws -> Void) throws {
    let begin = DispatchTime.now().uptimeNanoseconds
    try work()
    try backend.synchronize()
    let spent = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
    seconds += spent
    pace = spent / Double(count)
  }

  /// At least one; at first one, since nothing is known.
  func affordable(_ limit: Double) -> Int {
    guard pace > 0 else { return 1 }
    return Int(min(max(limit / pace, 1), 1e9))
  }
}
