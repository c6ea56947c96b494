import Foundation
import MPOBackend
import MPOModel
import TestSupport
import Testing

/// The float64 references of the magnetic loss in `shared/data/golden`, and in the folder that
/// `MPO_GOLDEN_DIR` names: every component and both gradients, from hidden states.
extension Conformance {
  static let goldenFiles: [String] = {
    let named = ProcessInfo.processInfo.environment["MPO_GOLDEN_DIR"]
    return [SharedData.path("golden"), named].compactMap { $0 }.flatMap { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      return names.filter { $0.hasPrefix("magnetic_loss_") && $0.hasSuffix(".safetensors") }
        .sorted().map { "\(folder)/\($0)" }
    }
  }()

  @Test func goldenFilesArePresent() {
    let required = ProcessInfo.processInfo.environment["MPO_REQUIRE_SHARED"] == "1"
    #expect(!required || Self.goldenFiles.count >= 2)
  }

  @Test(arguments: TestBackends.all(), goldenFiles)
  func golden(_ named: NamedBackend, _ path: String) throws {
    let file = try SafetensorsFile(path: path)
    func number(_ key: String) throws -> Float { try #require(Float(file.metadata[key] ?? "")) }
    let settings = MagneticLossSettings(
      alpha: try number("alpha"), eta: try number("eta"), clip: try number("clip"),
      transform: .init(softcap: try number("softcap")))
    let (n, c) = (
      try #require(file.tensors["hidden"]).shape[0], try #require(file.tensors["hidden"]).shape[1]
    )
    let v = try #require(file.tensors["weight"]).shape[0]
    let mask = try file.doubles("mask")
    let weights = mask.map { $0 / mask.reduce(0, +) }
    for chunk in [nil, 5, 1] {
      try Fixture.run(named) { f in
        func policy(_ suffix: String) throws -> ProjectedPolicy {
          ProjectedPolicy(
            hidden: try f.input(try file.floats("hidden\(suffix)"), [n, c]),
            weight: try f.input(try file.floats("weight\(suffix)"), [v, c]))
        }
        let dHidden = try f.output([n, c])
        let dWeight = try f.output([v, c], values: .init(repeating: 0, count: v * c))
        let components = try f.backend.magneticLoss(
          policy: try policy(""), old: try policy("_old"), magnet: try policy("_magnet"),
          targets: try f.indices(try file.integers("target").map { Int($0) }),
          advantages: try f.input(try file.floats("advantage"), [n]),
          weights: try f.input(weights, [n]), settings: settings,
          gradients: .init(dHidden: dHidden, dWeight: dWeight), chunkRows: chunk)
        let got = try f.backend.floats(components).map(Double.init)
        func row(_ k: MagneticComponent) -> [Double] {
          Array(got[(k.rawValue * n)..<((k.rawValue + 1) * n)])
        }
        let note = "\((path as NSString).lastPathComponent) chunk \(chunk ?? 0)"
        for (k, name) in [
          (MagneticComponent.klMagnet, "kl_magnet"), (.klOld, "kl_old"), (.entropy, "entropy"),
          (.ratio, "ratio"), (.policyLogProb, "policy_logp"), (.oldLogProb, "old_logp"),
          (.magnetLogProb, "magnet_logp"),
        ] {
          compare(
            row(k), try file.doubles(name), Tolerance.of("golden", f.kind), "\(name) \(note)")
        }
        let loss = zip(row(.loss), weights).map(*).reduce(0, +)
        compare([loss], try file.doubles("loss"), Tolerance.of("golden", f.kind), "loss \(note)")
        try f.expect(dHidden, try file.doubles("grad_hidden"), "golden", "dHidden \(note)")
        try f.expect(dWeight, try file.doubles("grad_weight"), "golden", "dWeight \(note)")
      }
    }
  }
}
