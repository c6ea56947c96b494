import Foundation
import MPOBackend

/// Time of one update over n at a fixed batch and over the batch at a fixed n, as a JSON list of
/// {device, precision, n, batch, secondsPerUpdate}; the best of three calls of at least 50 ms each.
struct GameSweep {
  static let batch = 16
  static let n = 64
  let backends: [(String, any ComputeBackend)]

  private struct Point: Encodable {
    let device: String
    let precision: String
    let n: Int
    let batch: Int
    let secondsPerUpdate: Double
  }

  func run(to path: String) throws {
    var points: [Point] = []
    let sizes =
      [2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1024].map { ($0, Self.batch) }
      + [1, 2, 4, 8, 32, 64, 128, 256, 512, 1024, 2048, 4096].map { (Self.n, $0) }
    for type in [ElementType.f32, .f64] {
      for (n, batch) in sizes {
        let game = GameCase(n: n, batch: batch, type: type)
        let payoffs = game.payoffs()
        for (name, backend) in backends where type != .f64 || backend.description.supportsFloat64 {
          let player = try GamePlayer(backend, name, game, payoffs: payoffs)
          let point = Point(
            device: name, precision: "\(type)", n: n, batch: batch,
            secondsPerUpdate: try secondsPerUpdate(player, game))
          points.append(point)
          print(
            "n \(n), batch \(batch), \(type), \(name): "
              + String(format: "%.1f ns", point.secondsPerUpdate * 1e9))
        }
      }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(points).write(to: URL(fileURLWithPath: path))
  }

  private func secondsPerUpdate(_ player: GamePlayer, _ game: GameCase) throws -> Double {
    _ = try player.play(steps: 1)  // compiles kernels
    var steps = 16
    var seconds = try player.play(steps: steps)
    while seconds < 0.05 {
      steps *= seconds > 0.0125 ? 4 : 16
      seconds = try player.play(steps: steps)
    }
    for _ in 0..<2 { seconds = min(seconds, try player.play(steps: steps)) }
    return seconds / Double(steps * game.batch)
  }
}
