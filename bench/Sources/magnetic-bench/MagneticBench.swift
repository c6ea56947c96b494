import ArgumentParser

@main
struct MagneticBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "magnetic-bench",
    abstract: "Measures Magnetic's phases; prints one aligned line each, or JSON.",
    subcommands: [
      Iteration.self, Games.self, Equilibria.self, Probe.self, Kernels.self, BundleReport.self,
    ])
}
