import ArgumentParser
import Foundation
import MPOBackend

/// Tabular games: updates a second of every device beside NumPy and the machine's own limit.
struct Games: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Magnetic updates of tabular games, beside NumPy and the measured limit.",
    discussion: """
      One update is one step of one game. NumPy runs in a child process (python3 with NumPy 2) on \
      the same games: 'plain' takes the whole batch through every operation, 'tuned' cuts it into \
      blocks for the cache and gives every core a thread; ratios are to the tuned one. The limit is \
      n * n products and sums an update on all cores, fed from memory of the same size and nothing \
      else; it reads whole matrices, so an antisymmetric game, of which half is read, may pass it. \
      Contenders take turns; medians of --repeats.
      """)

  @Option(help: "Devices, by commas: cpu, opencl, opencl:<index or name>.")
  var devices = "cpu,opencl"
  @Option(help: "CPU threads.") var threads: Int?
  @Option(help: "Cases n x batch, by commas.") var sizes = "64x4096,1000x1"
  @Option(help: "Updates of each game in a call.") var steps = 1000
  @Option(help: "Updates of each game in a call of NumPy.") var numpySteps = 50
  @Option(help: "Turns; medians are printed.") var repeats = 5
  @Option(help: "The NumPy script.") var script = "bench/peers/numpy_games.py"
  @Option(help: "Instead: how time grows with n and with the batch, as JSON to this file.")
  var sweep: String?

  func run() throws {
    var backends: [(String, any ComputeBackend)] = []
    for name in devices.split(separator: ",").map(String.init) {
      do {
        backends.append(
          (name, try DeviceSelection(parsing: name).open(threads: threads) { note($0) }))
        note("\(name): \(backends[backends.count - 1].1.description.name)")
      } catch BackendError.noDevice(let asked, _) {
        note("no device '\(asked)': left out")
      }
    }
    if let sweep {
      try GameSweep(backends: backends).run(to: sweep)
      return
    }
    var peer: NumPyPeer?
    do {
      peer = try NumPyPeer(script: script)
      note("numpy \(peer?.version ?? "?")")
    } catch { note("without NumPy: \(error)") }
    print(
      row(["n", "batch", "type", "contender", "updates/s", "of NumPy", "of limit", "spread"]))
    for size in sizes.split(separator: ",") {
      let parts = size.split(separator: "x").compactMap { Int($0) }
      guard parts.count == 2, parts[0] > 0, parts[1] > 0 else {
        throw ValidationError("--sizes: expected <n>x<batch>, found '\(size)'")
      }
      for type in [ElementType.f32, .f64] {
        try compare(GameCase(n: parts[0], batch: parts[1], type: type), backends, peer)
      }
    }
  }

  private func compare(
    _ game: GameCase, _ backends: [(String, any ComputeBackend)], _ peer: NumPyPeer?
  ) throws {
    let payoffs = game.payoffs()
    let players = try backends.filter { game.type != .f64 || $0.1.description.supportsFloat64 }
      .map { try GamePlayer($0.1, $0.0, game, payoffs: payoffs) }
    let limit = UpdateLimit(
      n: game.n, games: game.batch, game.type,
      threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    if let peer { try load(game, payoffs, peer) }
    var rates: [String: [Double]] = [:]
    var names = ["limit"]
    func record(_ name: String, _ updates: Int, _ seconds: Double) {
      rates[name, default: []].append(Double(updates * game.batch) / seconds)
    }
    func numPy(_ plain: Bool) throws -> [Double] {
      guard let answer = try peer?.ask(["steps": numpySteps, "plain": plain]) else { return [] }
      let name = plain ? "numpy plain" : "numpy tuned"
      record(name, numpySteps, answer["seconds"] as? Double ?? .nan)
      return answer["first"] as? [Double] ?? []
    }
    // Checked before it is timed: everybody's first game after the same updates.
    let expected = try numPy(false)
    for player in players {
      _ = try player.play(steps: peer == nil ? 1 : numpySteps)
      let worst = zip(try player.first(), expected).map { abs($0 - $1) }.max() ?? 0
      guard worst < (game.type == .f64 ? 1e-11 : 1e-4) else {
        throw ValidationError("\(player.name) differs from NumPy by \(worst) at \(game.n)")
      }
    }
    rates = [:]
    if peer != nil { names += ["numpy plain", "numpy tuned"] }
    names += players.map(\.name)
    for _ in 0..<repeats {
      rates["limit", default: []].append(limit.updatesPerSecond())
      for player in players { record(player.name, steps, try player.play(steps: steps)) }
      if peer != nil {
        _ = try numPy(true)
        _ = try numPy(false)
      }
    }
    report(game, names, rates)
  }

  private func load(_ game: GameCase, _ payoffs: [Double], _ peer: NumPyPeer) throws {
    let file = FileManager.default.temporaryDirectory
      .appendingPathComponent("magnetic-games-\(ProcessInfo.processInfo.processIdentifier)")
    defer { try? FileManager.default.removeItem(at: file) }
    let raw =
      game.type == .f64
      ? payoffs.withUnsafeBytes { Data($0) }
      : payoffs.map { Float($0) }.withUnsafeBytes { Data($0) }
    try raw.write(to: file)
    let answer = try peer.ask([
      "load": file.path, "n": game.n, "batch": game.batch, "precision": "\(game.type)",
    ])
    note("numpy, n \(game.n), \(game.type): \(answer["plan"] as? String ?? "?")")
  }

  private func report(_ game: GameCase, _ names: [String], _ rates: [String: [Double]]) {
    let medians = rates.mapValues(median)
    for name in names {
      guard let rate = medians[name], let all = rates[name] else { continue }
      let spread = "\(format(all.min() ?? rate))..\(format(all.max() ?? rate))"
      print(
        row([
          "\(game.n)", "\(game.batch)", "\(game.type)", name, format(rate),
          medians["numpy tuned"].map { String(format: "%.1f", rate / $0) } ?? "-",
          medians["limit"].map { String(format: "%.2f", rate / $0) } ?? "-", spread,
        ]))
    }
  }

  private func format(_ rate: Double) -> String { String(format: "%.4g", rate) }

  private func row(_ cells: [String]) -> String {
    zip(cells, [6, 6, 5, 12, 11, 9, 9, 0]).map { cell, width in
      cell + String(repeating: " ", count: max(0, width - cell.count))
    }.joined(separator: " ")
  }

  private func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
