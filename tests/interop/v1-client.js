// SPDX-License-Identifier: MIT
// A client of protocol v1 in Node.js, written from the protocol's description
// alone and sharing no code with lib/: the other end of the interoperability
// test. Reads one JSON request a line from standard input, writes one JSON
// answer a line:
//   {"op":"push","url":..,"key":..,"device":..|null,"env":..,"secrets":{..}}
//   -> {"ok":true,...} or {"ok":false,"status":403,"error":"..."}
'use strict';

const crypto = require('crypto');
const http = require('http');
const https = require('https');
const readline = require('readline');

class Refused extends Error {
	constructor(status, message) {
		super(message);
		this.status = status;
	}
}

// ---------------------------------------------------------------- keys

function parseKey(text) {
	if (!text.startsWith('vk_'))
		throw new Error('not a vault key');
	const rest = text.slice(3);
	const at = rest.indexOf('_');
	if (at < 0)
		throw new Error('not a vault key');
	return {projectId: rest.slice(0, at), secret: rest.slice(at + 1)};
}

function hkdf(ikm, salt) {
	return Buffer.from(crypto.hkdfSync('sha256', ikm, salt, '', 32));
}

function authKey(vaultKey) {
	return hkdf(vaultKey, 'vault-auth-v1');
}

function encryptionKey(vaultKey, device) {
	const ikm = device == null ? vaultKey :
		crypto.createHmac('sha256', vaultKey).update(device).digest();
	return hkdf(ikm, 'vault-encrypt-v1');
}

function deviceHash(device) {
	return crypto.createHash('sha256').update(device).digest('hex');
}

// ---------------------------------------------------------------- blobs

function seal(key, secrets) {
	const iv = crypto.randomBytes(12);
	const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);
	const text = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'),
		cipher.final()]);
	return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64');
}

function open(key, blob) {
	const bytes = Buffer.from(blob, 'base64');
	const decipher = crypto.createDecipheriv('aes-256-gcm', key,
		bytes.subarray(0, 12), {authTagLength: 16});
	decipher.setAuthTag(bytes.subarray(12, 28));
	const text = Buffer.concat([decipher.update(bytes.subarray(28)),
		decipher.final()]);
	const secrets = {};
	for (const [name, value] of Object.entries(JSON.parse(text)))
		secrets[name] = String(value);
	return secrets;
}

// ------------------------------------------------------------- requests

const agents = {'http:': new http.Agent({keepAlive: true}),
	'https:': new https.Agent({keepAlive: true})};

function post(base, path, body, key) {
	const url = new URL(`${base.replace(/\/+$/, '')}/api/v1/${path}`);
	const bytes = Buffer.from(JSON.stringify(body), 'utf8');
	const headers = {'Content-Type': 'application/json',
		'Content-Length': bytes.length};
	if (key !== undefined) {
		const time = String(Date.now());
		const digest = crypto.createHmac('sha256', key)
			.update(bytes).update(time).digest('hex');
		headers['X-Vault-Signature'] = `v=${time},d=${digest}`;
	}
	return new Promise((resolve, reject) => {
		const module = url.protocol === 'https:' ? https : http;
		const request = module.request(url, {method: 'POST', headers,
			agent: agents[url.protocol]}, (reply) => {
			const parts = [];
			reply.on('data', (part) => parts.push(part));
			reply.on('end', () => {
				let json;
				try {
					json = JSON.parse(Buffer.concat(parts).toString('utf8'));
				} catch (e) {
					reject(new Error(`${path}: reply is not JSON`));
					return;
				}
				if (reply.statusCode === 200)
					resolve(json);
				else
					reject(new Refused(reply.statusCode, json.error));
			});
		});
		request.on('error', reject);
		request.end(bytes);
	});
}

function hashMember(device) {
	return device == null ? {} : {device_hash: deviceHash(device)};
}

// ----------------------------------------------------------- operations

const operations = {
	async init({url, name}) {
		const made = await post(url, 'project/create', {project_name: name});
		const key = `vk_${made.project_id}_` +
			crypto.randomBytes(32).toString('hex');
		await post(url, 'project/set-key', {project_id: made.project_id,
			auth_key_hash: authKey(key).toString('hex')});
		return {key, environments: made.environments};
	},

	async register({url, key, device, name}) {
		const secret = device || crypto.randomBytes(32).toString('hex');
		const made = await post(url, 'devices/register', {
			project_id: parseKey(key).projectId, device_name: name,
			device_hash: deviceHash(secret)}, authKey(key));
		return {device: secret, ...made};
	},

	async approve({url, key, id}) {
		return post(url, 'devices/approve', {device_id: id,
			project_id: parseKey(key).projectId}, authKey(key));
	},

	async revoke({url, key, id}) {
		return post(url, 'devices/revoke', {device_id: id,
			project_id: parseKey(key).projectId}, authKey(key));
	},

	async devices({url, key}) {
		return post(url, 'devices/list',
			{project_id: parseKey(key).projectId}, authKey(key));
	},

	async push({url, key, device, env, secrets, raw}) {
		const names = Object.keys(secrets || {}).map((name) => `+${name}`);
		return post(url, 'secrets/push', {
			project_id: parseKey(key).projectId, environment: env,
			secrets: raw || seal(encryptionKey(key, device), secrets),
			...hashMember(device), key_names: names,
			key_count: names.length}, authKey(key));
	},

	async pull({url, key, device, env}) {
		const got = await post(url, 'secrets/pull', {
			project_id: parseKey(key).projectId, environment: env,
			...hashMember(device)}, authKey(key));
		return {version: got.version, blob: got.secrets,
			secrets: open(encryptionKey(key, device), got.secrets)};
	},

	async version({url, key, env}) {
		return post(url, 'secrets/current-version', {environment: env,
			project_id: parseKey(key).projectId}, authKey(key));
	},

	async versions({url, key, env}) {
		return post(url, 'secrets/versions', {environment: env,
			project_id: parseKey(key).projectId}, authKey(key));
	},

	async rollback({url, key, env, version}) {
		return post(url, 'secrets/rollback', {environment: env, version,
			project_id: parseKey(key).projectId}, authKey(key));
	},

	// For the vectors: no network
	async derive({key, device, salt}) {
		const ikm = device == null ? key :
			crypto.createHmac('sha256', key).update(device).digest();
		return {hex: hkdf(ikm, salt).toString('hex')};
	},
	async open({key, device, blob}) {
		return {secrets: open(encryptionKey(key, device), blob)};
	},
	async parse({key}) {
		return parseKey(key);
	},
};

(async () => {
	for await (const line of readline.createInterface({input: process.stdin})) {
		let answer;
		try {
			const request = JSON.parse(line);
			answer = {ok: true, ...await operations[request.op](request)};
		} catch (e) {
			answer = {ok: false, status: e.status || 0, error: e.message};
		}
		process.stdout.write(JSON.stringify(answer) + '\n');
	}
	process.exit(0);
})();
