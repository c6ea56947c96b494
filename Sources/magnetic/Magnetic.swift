import ArgumentParser

@main
struct Magnetic: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "magnetic")
}
