import Foundation
import MPO
import MPOBackend

/// Time of one update over n at a fixed batch and over the batch at a fixed n, as a JSON list of
/// {device, precision, n, batch, secondsPerUpdate}; the best of three calls of at least 50 ms each.
/// Beside it two pictures, `<file>-n.svg` and `<file>-batch.svg`.
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
    let stem = path.hasSuffix(".json") ? String(path.dropLast(5)) : path
    try chart(
      points.filter { $0.batch == Self.batch }, over: \.n, label: "responses n (log scale)",
      title: "Time of one update by size of the game", subtitle: "\(Self.batch) games at once"
    ).write(toFile: stem + "-n.svg", atomically: true, encoding: .utf8)
    try chart(
      points.filter { $0.n == Self.n }, over: \.batch, label: "games at once (log scale)",
      title: "Time of one update by number of games", subtitle: "n = \(Self.n)"
    ).write(toFile: stem + "-batch.svg", atomically: true, encoding: .utf8)
  }

  /// A curve for each device and precision.
  private func chart(
    _ points: [Point], over x: KeyPath<Point, Int>, label: String, title: String, subtitle: String
  ) -> String {
    var series: [ChartSeries] = []
    for (name, _) in backends {
      for precision in ["f32", "f64"] {
        let curve = points.filter { $0.device == name && $0.precision == precision }
          .sorted { $0[keyPath: x] < $1[keyPath: x] }
        guard !curve.isEmpty else { continue }
        series.append(
          ChartSeries(
            "\(name), \(precision)",
            curve.map { (x: Double($0[keyPath: x]), y: $0.secondsPerUpdate * 1e9) },
            style: precision == "f64" ? .dashed : .solid))
      }
    }
    return Chart(
      title: title, subtitle: subtitle, xLabel: label,
      yLabel: "nanoseconds an update of one game (log scale)", xScale: .log, yScale: .log,
      series: series
    ).svg
  }

  private func secondsPerUpdate(_ player: GamePlayer, _ game: GameCase) throws -> Double {
    _ = try player.play(steps: 1)  // compiles kernels
    // Enough for a game's matrix to come from memory once and stay.
    var steps = 256
    var seconds = try player.play(steps: steps)
    while seconds < 0.05 {
      steps *= seconds > 0.0125 ? 4 : 16
      seconds = try player.play(steps: steps)
    }
    for _ in 0..<2 { seconds = min(seconds, try player.play(steps: steps)) }
    return seconds / Double(steps * game.batch)
  }
}
