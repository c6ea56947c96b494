// swift-tools-version: 6.1
import PackageDescription

// A program that uses this package's compute backends and nothing else of it. With
// `traits: []` behind the path it builds where neither OpenCL nor oneDNN is installed.
let package = Package(
  name: "embed",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "magnetic", path: "../..")],
  targets: [
    .executableTarget(
      name: "embed", dependencies: [.product(name: "MPOBackend", package: "magnetic")])
  ],
  swiftLanguageModes: [.v6]
)
