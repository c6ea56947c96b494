// swift-tools-version: 6.1
import PackageDescription

// Benchmarks live in a package of their own, so that what they need never reaches users.
let package = Package(
  name: "magnetic-bench",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "magnetic", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
  ],
  targets: [
    .target(name: "CLimits"),
    .executableTarget(
      name: "magnetic-bench",
      dependencies: [
        "CLimits",
        .product(name: "MPO", package: "magnetic"),
        .product(name: "MPOModel", package: "magnetic"),
        .product(name: "MPOBackend", package: "magnetic"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
