#if canImport(CLKernels)
  /// A matrix unit as kernels see it: sources that define the functions of kernels/fragments.cl.
  package struct FragmentSource: Sendable {
    /// A source by its name in kernels/, or with a text of its own.
    package struct Prelude: Sendable {
      package let name: String
      package let text: String?
      package init(_ name: String, text: String? = nil) {
        self.name = name
        self.text = text
      }
    }

    /// Identifies it in tuning files and in the names of candidates.
    package let name: String
    /// Work-items of a warp.
    package let lanes: Int
    /// Bytes of local memory that it wants for each work-item.
    package let spare: Int
    package let preludes: [Prelude]

    package init(name: String, lanes: Int, spare: Int = 0, preludes: [Prelude]) {
      self.name = name
      self.lanes = lanes
      self.spare = spare
      self.preludes = preludes
    }

    /// Tensor cores of NVIDIA devices, by inline PTX.
    package static let nvidia = FragmentSource(
      name: "nvidia", lanes: 32,
      preludes: [.init("fragments"), .init("mma_nvidia"), .init("fragments_nvidia")])

    /// Matrix cores of AMD's CDNA devices, waves of 64.
    package static let mfma = FragmentSource(
      name: "mfma", lanes: 64,
      preludes: [
        .init("fragments"), .init("mma_amd"), .init("fragments_plain"), .init("fragments_mfma"),
      ])

    /// Matrix instructions of AMD's RDNA 3 devices, waves of 32.
    package static let wmma = FragmentSource(
      name: "wmma", lanes: 32,
      preludes: [
        .init("fragments"), .init("mma_amd"), .init("fragments_plain"), .init("fragments_wmma"),
      ])

    /// Matrix engines of Intel devices with sub-groups of 16.
    package static let dpas = FragmentSource(
      name: "dpas", lanes: 16,
      preludes: [
        .init("fragments"), .init("mma_intel"), .init("fragments_plain"), .init("fragments_dpas"),
      ])

    /// Every unit that this package knows. A device has one only if `FragmentProbe` says so.
    package static let builtIn = [nvidia, mfma, wmma, dpas]

    /// The sources that are not in kernels/.
    static func texts(of fragments: [FragmentSource]) -> [String: [UInt8]] {
      let own = fragments.flatMap(\.preludes).compactMap { prelude in
        prelude.text.map { (prelude.name, Array($0.utf8)) }
      }
      return Dictionary(own) { $1 }
    }
  }
#endif
