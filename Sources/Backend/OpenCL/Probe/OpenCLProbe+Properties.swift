#if canImport(CLKernels)
  import CLKernels

  extension OpenCLProbe {
    /// What the driver tells of itself.
    static let properties: [OpenCLProbe] = [
      OpenCLProbe(name: "device", meaning: "name, driver and limits") { session in
        let d = session.device
        var parts = [
          d.description.name, d.description.vendor, "driver \(d.description.driver)",
          d.text(CL_DEVICE_VERSION), "\(d.description.computeUnits) compute units",
          "\(d.description.memory >> 20) MiB",
          "largest buffer \(d.maximumAllocation >> 20) MiB",
          "local memory \(d.localMemory >> 10) KiB", "work-group \(d.maximumWorkGroup)",
        ]
        // CL_DEVICE_COMPUTE_CAPABILITY_MAJOR_NV and _MINOR_NV of cl_nv_device_attribute_query.
        if d.text(CL_DEVICE_EXTENSIONS).contains("cl_nv_device_attribute_query") {
          parts.append("compute capability \(d.word(0x4000)).\(d.word(0x4001))")
        }
        return .says(parts.joined(separator: ", "))
      },
      OpenCLProbe(name: "extensions", meaning: "CL_DEVICE_EXTENSIONS") { session in
        .says(session.device.text(CL_DEVICE_EXTENSIONS))
      },
      OpenCLProbe(
        name: "PTX target", meaning: "version and target of the binary, where it is PTX"
      ) { session in
        let program = try session.program("probe", ["PROBE_EMPTY": 1])
        guard let lines = target(of: session.binary(program)) else {
          return .refused("the binary is not PTX")
        }
        return .says(lines)
      },
      option("-cl-nv-arch sm_90a"), option("-cl-nv-arch=sm_90a"),
      option("-cl-nv-maxrregcount=128"),
    ]

    /// Whether the compiler takes an option, and what it then compiles for.
    private static func option(_ text: String) -> OpenCLProbe {
      OpenCLProbe(name: "option \(text)", meaning: "accepted by the compiler") { session in
        let program = try session.program("probe", ["PROBE_EMPTY": 1], options: text)
        return .works(target(of: session.binary(program)) ?? "accepted; the binary is not PTX")
      }
    }

    /// `.version` and `.target` of a PTX text; nil for other binaries.
    static func target(of binary: [UInt8]?) -> String? {
      guard let binary else { return nil }
      let lines = String(decoding: binary, as: UTF8.self).split(separator: "\n")
        .filter { $0.hasPrefix(".version") || $0.hasPrefix(".target") }
      return lines.isEmpty ? nil : lines.prefix(2).joined(separator: " ")
    }
  }
#endif
