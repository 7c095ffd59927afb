// A relying party that this project did not write: npm's openid-client, by its own rules.
// One argument: what to do, as JSON. Says what it found as JSON on standard output.
import * as client from "openid-client";

const wanted = JSON.parse(process.argv[2]);

const proofs = {
  basic: () => client.ClientSecretBasic(wanted.secret),
  post: () => client.ClientSecretPost(wanted.secret),
  none: () => client.None(),
};

// A browser's part: it brings its cookie and is sent somewhere.
async function visit(url) {
  const answer = await fetch(url, { redirect: "manual", headers: { cookie: wanted.cookie } });
  return { status: answer.status, location: answer.headers.get("location") };
}

// What the provider says to something that it has to refuse.
async function refused(act) {
  try {
    await act();
  } catch (error) {
    return error.error ?? error.cause?.error ?? error.code ?? String(error);
  }
  return "accepted";
}

// Signatures are checked by the published keys, as over an untrusted connection.
const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.clientId,
  undefined,
  proofs[wanted.proof](),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);

async function begin(more = {}) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
    maxAge: 3600,
  };
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: wanted.redirectUri,
    scope: "openid profile email nigiwai offline_access",
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    max_age: "3600",
    ...more,
  });
  const { location } = await visit(url);
  return { url: new URL(location), checks };
}

const found = { metadata: config.serverMetadata() };

const { url, checks } = await begin();
const tokens = await client.authorizationCodeGrant(config, url, checks);
found.claims = tokens.claims();
found.userinfo = await client.fetchUserInfo(config, tokens.access_token, found.claims.sub);

const newer = await client.refreshTokenGrant(config, tokens.refresh_token);
found.refreshedClaims = newer.claims();
found.userinfoAfterRefresh = await client.fetchUserInfo(
  config,
  newer.access_token,
  found.claims.sub,
);

await client.tokenRevocation(config, newer.refresh_token);
found.refreshAfterRevocation = await refused(() =>
  client.refreshTokenGrant(config, newer.refresh_token),
);
found.userinfoAfterRevocation = await refused(() =>
  client.fetchUserInfo(config, newer.access_token, found.claims.sub),
);

found.codeTwice = await refused(() => client.authorizationCodeGrant(config, url, checks));
const other = await begin();
found.wrongVerifier = await refused(() =>
  client.authorizationCodeGrant(config, other.url, {
    ...other.checks,
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
  }),
);
const wrong = await begin({ scope: "openid root" });
found.wrongScope = await refused(() =>
  client.authorizationCodeGrant(config, wrong.url, wrong.checks),
);
const forged = await begin();
forged.url.searchParams.set("iss", "https://elsewhere.test");
found.forgedIssuer = await refused(() =>
  client.authorizationCodeGrant(config, forged.url, forged.checks),
);

found.goodbye = await visit(
  client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: wanted.goodbye,
    id_token_hint: tokens.id_token,
    state: "bye",
  }),
);
const after = await visit(client.buildAuthorizationUrl(config, { ...wanted.silent }));
found.afterLogout = after.location;

console.log(JSON.stringify(found));
