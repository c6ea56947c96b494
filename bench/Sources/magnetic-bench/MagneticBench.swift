import ArgumentParser

@main
struct MagneticBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "magnetic-bench",
    abstract: "Measures Magnetic; prints aligned lines, or JSON.",
    subcommands: [
      Suite.self, Iteration.self, Step.self, Sweep.self, Train.self, Load.self, Loss.self,
      Losses.self, Alignment.self,
      AlignmentIteration.self, Products.self, Limits.self, Games.self, Equilibria.self, Probe.self,
      Kernels.self,
      BundleReport.self,
    ])
}
