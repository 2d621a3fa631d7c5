// A page that is opened from a disk may not start a Worker, which the search runs in. There an iframe with the same script does.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.appendChild(frame)
      this.waiting = []
      this.window = frame.contentWindow
      this.window.parent_ = this
      const inside = frame.contentDocument
      inside.open()
      inside.write(`<html><body><script>
        var outside = window.parent_, importScripts = (...urls) => urls.reduce((before, url) => before.then(() =>
          new Promise(done => {
            const script = document.createElement("script")
            script.src = url
            script.onload = script.onerror = done
            document.body.appendChild(script)
          })), Promise.resolve())
        var postMessage = data => outside.dispatchEvent(new MessageEvent("message", { data }))
      <\/script><script src="${url}"><\/script></body></html>`)
      inside.close()
      frame.addEventListener("load", () => {
        this.ready = true
        this.waiting.splice(0).forEach(message => this.postMessage(message))
      })
    }
    set onmessage(listener) {
      this.addEventListener("message", listener)
    }
    postMessage(data) {
      if (this.ready) this.window.dispatchEvent(new MessageEvent("message", { data }))
      else this.waiting.push(data)
    }
    terminate() {
      this.window.frameElement.remove()
    }
  }
}
