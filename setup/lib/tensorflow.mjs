import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cache, cached, inPath, versions } from './cache.mjs';
import { isReachable, root, run } from './steps.mjs';

const folder = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
const binding = join('lib', 'napi-v8', 'tfjs_binding.node');

/**
 * The native TensorFlow under tfjs-node, made once per version and platform (the Node-API binding serves every Node
 * version) and linked into each clone. Without any way to get it the WebAssembly backend serves, slower.
 *
 * @param {{ build: boolean }} options build: fetch or build it when the cache has none
 */
export async function ensureTensorflow({ build }) {
  if (isComplete()) return 'native binding is in place';
  const name = `tfjs-node-${packageVersion()}-tensorflow-${versions.tensorflowWheel}-${process.platform}-${process.arch}`;
  if (existsSync(join(cache, name))) return link(join(cache, name), 'native binding from the cache');
  if (!build) return 'WebAssembly backend (`npm run setup` makes the native one)';
  let way = 'from the cache';
  try {
    await cached(name, async (draft) => {
      way = (await ordinary(draft)) ?? (await fromWheel(draft));
    });
    return link(join(cache, name), way);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    return `WebAssembly backend, no native one: ${reason}`;
  }
}

function isComplete() {
  return existsSync(join(folder, binding)) && readableLibraries(join(folder, 'deps', 'lib')).length >= 2;
}

function readableLibraries(path) {
  return existsSync(path) ? readdirSync(path).filter((name) => name.startsWith('libtensorflow')) : [];
}

function packageVersion() {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

function link(from, way) {
  rmSync(join(folder, 'deps'), { recursive: true, force: true });
  mkdirSync(join(folder, 'deps'));
  symlinkSync(join(from, 'deps', 'lib'), join(folder, 'deps', 'lib'));
  mkdirSync(dirname(join(folder, binding)), { recursive: true });
  cpSync(join(from, binding), join(folder, binding));
  return way;
}

/** The package's own install script, which npm was told not to run. It works in the package's folder. */
async function ordinary(draft) {
  if (!(await isReachable('https://storage.googleapis.com/tensorflow/'))) return undefined;
  try {
    const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` };
    await run(process.execPath, ['scripts/install.js'], { cwd: folder, env, timeoutMs: 300_000 });
    if (!isComplete()) return undefined;
    cpSync(join(folder, 'deps', 'lib'), join(draft, 'deps', 'lib'), { recursive: true, verbatimSymlinks: true });
    mkdirSync(dirname(join(draft, binding)), { recursive: true });
    cpSync(join(folder, binding), join(draft, binding));
    return "tfjs-node's own download";
  } catch {
    return undefined;
  }
}

/** libtensorflow out of the Python wheel, and the binding compiled against it. Linux only. */
async function fromWheel(draft) {
  const wheels = {
    x64: ['tensorflow-cpu', 'manylinux2014_x86_64', 'manylinux_2_17_x86_64'],
    arm64: ['tensorflow-cpu-aws', 'manylinux2014_aarch64', 'manylinux_2_17_aarch64'],
  };
  const wheel = process.platform === 'linux' ? wheels[process.arch] : undefined;
  if (wheel === undefined) throw new Error(`no wheel route for ${process.platform} ${process.arch}`);
  const python = inPath('python3') ?? fail('no python3 to fetch the wheel with');
  const compiler = inPath('g++') ?? inPath('clang++') ?? fail('no C++ compiler');
  const [name, ...platforms] = wheel;

  const downloads = join(draft, 'wheel');
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--dest', downloads];
  // The wheel is a zip of C libraries here; it need not suit the Python that fetches it.
  args.push('--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311');
  for (const platform of platforms) args.push('--platform', platform);
  await run(python, [...args, `${name}==${versions.tensorflowWheel}`], { timeoutMs: 900_000 });
  await run(python, ['-c', UNPACK, join(downloads, readdirSync(downloads)[0]), join(draft, 'deps')]);
  rmSync(downloads, { recursive: true });

  const libraries = join(draft, 'deps', 'lib');
  symlinkSync('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'));
  await compile(compiler, draft);
  rmSync(join(draft, 'deps', 'include'), { recursive: true });
  return `native binding built on libtensorflow of the ${name} ${versions.tensorflowWheel} wheel`;
}

/** What binding.gyp says, without node-gyp and its download of headers: the binding needs the Node-API ones only. */
async function compile(compiler, draft) {
  const output = join(draft, binding);
  mkdirSync(dirname(output), { recursive: true });
  const headers = join(root, 'node_modules', 'node-api-headers', 'include');
  const include = ['-I', folder, '-I', join(draft, 'deps', 'include'), '-I', headers];
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(folder, 'binding', name));
  const libraries = ['-L', join(draft, 'deps', 'lib'), '-ltensorflow', '-ltensorflow_framework'];
  const flags = ['-std=c++17', '-O2', '-fPIC', '-shared', '-w', '-DNAPI_VERSION=8', '-DBUILDING_NODE_EXTENSION'];
  const search = ['-Wl,-rpath,$ORIGIN/../../deps/lib'];
  await run(compiler, [...flags, ...include, ...sources, ...libraries, ...search, '-o', output], {
    timeoutMs: 600_000,
  });
}

const UNPACK = `
import sys, zipfile, pathlib
wheel, target = sys.argv[1], pathlib.Path(sys.argv[2])
names = {'libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'}
with zipfile.ZipFile(wheel) as archive:
    for info in archive.infolist():
        if info.is_dir(): continue
        path = pathlib.PurePosixPath(info.filename)
        if path.parent == pathlib.PurePosixPath('tensorflow') and path.name in names: out = target / 'lib' / path.name
        elif info.filename.startswith('tensorflow/include/'): out = target / 'include' / info.filename[len('tensorflow/include/'):]
        else: continue
        out.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, open(out, 'wb') as sink:
            while block := source.read(1 << 20): sink.write(block)
`;

function fail(reason) {
  throw new Error(reason);
}
