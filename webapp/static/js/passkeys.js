// Passkeys: a form that says where its options are asked for ("data-passkey") is sent once the
// browser has an answer, in its field "code". With "data-passkey-new" a new passkey is made.
const supported = 'credentials' in navigator && 'PublicKeyCredential' in window;

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=+$/, '');

const described = (passkeys = []) => passkeys.map((passkey) => ({ ...passkey, id: bytes(passkey.id) }));

async function ask(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    allowCredentials: described(options.allowCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
  return {
    id,
    rawId: text(rawId),
    type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle ? text(response.userHandle) : null,
    },
  };
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: described(options.excludeCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
  return {
    id,
    rawId: text(rawId),
    type,
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports ? response.getTransports() : [],
    },
  };
}

// The page has them already, or says where they are asked for.
async function optionsOf(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.passkey, {
    method: 'POST',
    body: new URLSearchParams({ csrf: form.elements.csrf.value }),
  });
  return answer.json();
}

for (const form of document.querySelectorAll('[data-passkey]')) {
  const problem = document.querySelector('[data-passkey-problem]');
  const missing = document.querySelector('[data-passkey-missing]');
  form.hidden = !supported;
  missing.hidden = supported;
  form.querySelector('[data-focus], [autofocus]')?.focus();
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.hidden = true;
    const button = form.querySelector('[type=submit]');
    button.disabled = true;
    try {
      const options = await optionsOf(form);
      if (!options.challenge) {
        location.reload(); // the page says that the login is over
        return;
      }
      const passkey = await ('passkeyNew' in form.dataset ? make(options) : ask(options));
      form.elements.code.value = JSON.stringify(passkey);
      form.submit();
    } catch {
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
