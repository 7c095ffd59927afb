// Somebody else's provider: npm's oidc-provider with everything in memory. It signs in, without
// asking, whoever POST /test/person said last. One line of JSON as the argument configures it;
// it prints its issuer when it listens.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const options = JSON.parse(process.argv[2]);
const people = new Map();
let next = "";
let behaviour = {};

const server = createServer();
await new Promise((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
const issuer = `http://localhost:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [options.client],
  claims: {
    openid: ["sub"],
    profile: ["name", "locale", "preferred_username"],
    email: ["email", "email_verified"],
    nigiwai: ["organisation", "role", "realm_access"],
  },
  scopes: ["openid", "profile", "email", "nigiwai"],
  findAccount: (_context, id) =>
    people.has(id) ? { accountId: id, claims: () => ({ sub: id, ...people.get(id) }) } : undefined,
  conformIdTokenClaims: options.claimsInUserinfoOnly ?? true,
  issueRefreshToken: () => options.refreshTokens ?? true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: {
    AccessToken: options.accessTokenSeconds ?? 600,
    RefreshToken: 3600,
    Grant: 3600,
    Session: 3600,
    Interaction: 600,
    IdToken: 600,
  },
  // Its guard against calls into one's own network would refuse this machine.
  fetch: (url, { dispatcher, ...given }) => fetch(url, given),
  cookies: { keys: ["a key of these tests"] },
  interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      // Signs out without a question: answers the form by itself.
      logoutSource: (context, form) => {
        context.body = form;
      },
    },
  },
});

const errors = [];
for (const name of ["server_error", "authorization.error", "grant.error", "backchannel.error"]) {
  provider.on(name, (...given) => {
    const error = given.find((value) => value instanceof Error);
    errors.push(`${name}: ${error?.message} ${error?.error_description ?? ""}`);
  });
}
const counts = {};
const answer = provider.callback();

async function bodyOf(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (behaviour.deny) {
    return provider.interactionFinished(request, response, { error: "access_denied" });
  }
  const accountId = prompt.name === "login" ? next : session.accountId;
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  const result = prompt.name === "login" ? { login: { accountId }, consent } : { consent };
  return provider.interactionFinished(request, response, result);
}

const controls = {
  // {sub, claims}: this person is known, and the next to sign in.
  "/test/person": ({ sub, claims }) => {
    people.set(sub, claims);
    next = sub;
  },
  "/test/forget": ({ sub }) => people.delete(sub),
  // {deny, slow (ms), down}: how it behaves from now on.
  "/test/behave": (given) => {
    behaviour = given;
  },
  "/test/report": () => ({ errors, counts }),
};

server.on("request", async (request, response) => {
  const { pathname } = new URL(request.url, issuer);
  if (pathname in controls) {
    const result = controls[pathname](await bodyOf(request));
    return response.end(JSON.stringify(result ?? null));
  }
  counts[pathname] = (counts[pathname] ?? 0) + 1;
  if (behaviour.down) return response.writeHead(503).end();
  if (behaviour.slow) await new Promise((resolve) => setTimeout(resolve, behaviour.slow));
  if (pathname.startsWith("/interaction/")) return interact(request, response);
  return answer(request, response);
});
console.log(JSON.stringify({ issuer }));
