// npm's certified oidc-provider with one client and no passwords: `node provider.js <public url of the
// BFF>`. It takes a free port, says which, and ends with its standard input. Not for production.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const shop = process.argv[2];
const seen = { refreshes: 0, refusals: 0, revokedGrants: 0, logoutTokens: 0, failedLogoutTokens: 0 };
let lifetime = 300;

const server = createServer((request, response) => handle(request, response));
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "web-bff",
      client_secret: "development-only",
      grant_types: ["authorization_code", "refresh_token"],
      redirect_uris: [`${shop}/bff/callback`],
      post_logout_redirect_uris: [`${shop}/`],
      backchannel_logout_uri: `${shop}/bff/backchannel-logout`,
      backchannel_logout_session_required: true,
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] },
  cookies: { keys: [randomUUID()] },
  claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `User ${id}`, email: `${id}@example.com` }),
  }),
  pkce: { required: () => true },
  rotateRefreshToken: true,
  // The standard's own way is `prompt=consent` at every login, which the BFF does not ask for.
  issueRefreshToken: (_, client) => client.grantTypeAllowed("refresh_token"),
  ttl: { AccessToken: () => lifetime },
  features: {
    devInteractions: { enabled: false },
    revocation: { enabled: true },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      logoutSource: (ctx, form) => {
        ctx.body = form;
      },
    },
  },
  // Its own way to send logout tokens refuses loopback addresses, and there is the BFF.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  interactions: { url: (_, { uid }) => `/interaction/${uid}` },
  // Nobody is asked for a consent to what is on this machine.
  async loadExistingGrant({ oidc }) {
    const grant = new provider.Grant({
      clientId: oidc.client.clientId,
      accountId: oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile email offline_access");
    await grant.save();
    return grant;
  },
});
provider.on("grant.success", ({ oidc }) => {
  seen.refreshes += oidc.params.grant_type === "refresh_token" ? 1 : 0;
});
provider.on("grant.error", () => (seen.refusals += 1));
provider.on("grant.revoked", () => (seen.revokedGrants += 1));
provider.on("backchannel.success", () => (seen.logoutTokens += 1));
provider.on("backchannel.error", () => (seen.failedLogoutTokens += 1));

async function handle(request, response) {
  const [, first, second] = request.url.split("/");
  if (first === "control") {
    lifetime = second ? Number(second) : lifetime;
    response.end(JSON.stringify(seen));
  } else if (first === "interaction" && request.method === "POST") {
    let form = "";
    for await (const part of request) form += part;
    const login = { accountId: new URLSearchParams(form).get("user") };
    await provider.interactionFinished(request, response, { login });
  } else if (first === "interaction") {
    response.setHeader("content-type", "text/html");
    response.end('<form method="post"><input name="user"><button>Sign in</button></form>');
  } else {
    provider.callback()(request, response);
  }
}

process.stdin.on("end", () => process.exit()).resume();
console.log(`listens on ${server.address().port}`);
