// swift-tools-version: 6.1
import PackageDescription

// One way only: CLKernels <- MPOBackend <- MPOModel <- MPO <- magnetic.
// With the trait `OpenCL` off nothing of OpenCL is compiled or linked; with `OneDNN` off matrix
// products use the portable C kernel.
let package = Package(
  name: "magnetic",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "MPOBackend", targets: ["MPOBackend"]),
    .library(name: "MPOModel", targets: ["MPOModel"]),
    .library(name: "MPO", targets: ["MPO"]),
    .executable(name: "magnetic", targets: ["magnetic"]),
  ],
  traits: [
    .trait(name: "OpenCL", description: "OpenCL devices through the ICD loader, and CLBlast."),
    .trait(name: "OneDNN", description: "CPU matrix products by oneDNN."),
    .default(enabledTraits: ["OpenCL", "OneDNN"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenCL", pkgConfig: "OpenCL",
      providers: [.apt(["ocl-icd-opencl-dev", "opencl-headers"])]),
    .systemLibrary(
      name: "CCLBlast", pkgConfig: "clblast", providers: [.apt(["libclblast-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CLKernels", dependencies: ["COpenCL", "CCLBlast"]),
    .target(name: "CPUKernels", linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
    .target(name: "DNNLShim", linkerSettings: [.linkedLibrary("dnnl")]),
    .target(
      name: "MPOBackend",
      dependencies: [
        "CPUKernels",
        .target(name: "CLKernels", condition: .when(traits: ["OpenCL"])),
        .target(name: "DNNLShim", condition: .when(traits: ["OneDNN"])),
      ],
      path: "Sources/Backend"),
    .target(
      name: "MPOModel", dependencies: ["MPOBackend"], path: "Sources/Model"),
    .target(
      name: "MPO",
      dependencies: [
        "MPOModel", "MPOBackend", "CZlib",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/MPO"),
    .executableTarget(
      name: "magnetic",
      dependencies: [
        "MPO", "MPOModel", "MPOBackend",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      path: "Sources/magnetic"),
    .target(
      name: "TestSupport", dependencies: ["MPOBackend", "MPOModel"], path: "Tests/TestSupport"),
    // The fuzzed readers; magnetic-fuzz reads a million of their inputs (tools/fuzz.sh).
    .target(name: "Fuzzing", dependencies: ["MPOModel"], path: "Tests/Fuzzing"),
    .target(name: "FuzzWatch", path: "Tests/FuzzWatch"),
    .executableTarget(
      name: "magnetic-fuzz", dependencies: ["Fuzzing", "FuzzWatch"], path: "Tests/magnetic-fuzz"),
    .testTarget(name: "BackendTests", dependencies: ["MPOBackend", "MPOModel", "TestSupport"]),
    .testTarget(
      name: "ModelTests", dependencies: ["Fuzzing", "MPOModel", "TestSupport"],
      exclude: ["Corpus", "Fixtures"]),
    .testTarget(
      name: "MPOTests", dependencies: ["MPO", "TestSupport"], exclude: ["Fixtures"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .c17
)
