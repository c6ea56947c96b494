import ArgumentParser
import MPOBackend

struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", abstract: "Lists the devices that --device can name.")

  func run() throws {
    var index = 0
    for device in availableDevices() {
      let name = device.kind == .cpu ? "cpu" : "opencl:\(index)"
      if device.kind != .cpu { index += 1 }
      let padding = String(repeating: " ", count: max(1, 10 - name.count))
      try output(
        "\(name)\(padding)\(device.summary)\(device.driver.isEmpty ? "" : " (\(device.driver))")")
    }
    if index == 0 { try output("no OpenCL device (is an ICD installed? e.g. pocl-opencl-icd)") }
  }
}
