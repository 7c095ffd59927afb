// <nigiwai-embed src="https://…/e/key/variant" name="…" form="hd|free|fixed">: the frame of an
// embed as an element of the page, which may be styled and moved like any other.
class NigiwaiEmbed extends HTMLElement {
  connectedCallback() {
    if (this.firstElementChild) return;
    const frame = document.createElement('iframe');
    frame.src = this.getAttribute('src');
    frame.title = this.getAttribute('name') ?? '';
    frame.loading = 'lazy';
    frame.width = 640;
    frame.height = 460;
    frame.style.border = '0';
    const form = this.getAttribute('form') ?? 'hd';
    if (form !== 'fixed') {
      Object.assign(frame.style, { width: '100%', height: 'auto', aspectRatio: '640 / 460' });
      if (form !== 'free') frame.style.maxWidth = '1280px';
    }
    this.append(frame);
  }
}
customElements.define('nigiwai-embed', NigiwaiEmbed);
