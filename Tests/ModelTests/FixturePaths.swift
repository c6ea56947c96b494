import TestSupport

/// What scripts in `Fixtures` made, beside them.
enum Fixtures {
  static func path(_ name: String) -> String {
    "\(SharedData.packageRoot)/Tests/ModelTests/Fixtures/\(name)"
  }
}
