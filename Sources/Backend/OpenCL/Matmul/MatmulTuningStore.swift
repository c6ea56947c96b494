#if canImport(CLKernels)
  import Foundation

  /// Tuning on disk, one JSON file for each device, driver and version of the kernels. A file that
  /// is damaged or says that it is of another counts as absent.
  struct MatmulTuningStore {
    struct Key: Codable, Equatable {
      var device: String
      var vendor: String
      var driver: String
      /// Hash of every source that a product may be compiled from.
      var sources: String

      init(_ d: DeviceDescription, _ fragments: [FragmentSource]) {
        (device, vendor, driver) = (d.name, d.vendor, d.driver)
        let families = [
          "common", "operands", "elementwise", "matmul_reduce", "matmul_skinny", "matmul_tensor",
          "matmul_tiled", "matmul_vector",
        ]
        let own = FragmentSource.texts(of: fragments)
        let bytes = (families + fragments.flatMap(\.preludes).map(\.name)).flatMap {
          own[$0] ?? (try? OpenCLPrograms.source($0)) ?? []
        }
        sources = String(OpenCLProgramCache.fnv(bytes), radix: 16)
      }

      fileprivate var hash: String {
        let text = [device, vendor, driver, sources].joined(separator: "\n")
        return String(OpenCLProgramCache.fnv(Array(text.utf8)), radix: 16)
      }
    }

    private struct File: Codable {
      var format = 1
      var key: Key
      var tuning: MatmulTuning
    }

    let directory: String
    let key: Key

    var path: String { "\(directory)/matmul-\(key.hash).json" }

    func load() -> MatmulTuning? {
      guard let data = FileManager.default.contents(atPath: path),
        let file = try? JSONDecoder().decode(File.self, from: data), file.format == 1,
        file.key == key
      else { return nil }
      return file.tuning
    }

    /// Written beside and renamed, so that a reader sees a whole file or none. False when the
    /// folder does not take it, which costs the next start a probe and the tuning.
    @discardableResult
    func save(_ tuning: MatmulTuning) -> Bool {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      guard let data = try? encoder.encode(File(key: key, tuning: tuning)) else { return false }
      try? FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      return (try? data.write(to: URL(fileURLWithPath: path), options: .atomic)) != nil
    }
  }
#endif
