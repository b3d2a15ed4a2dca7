/**
 * An image service that says that images are on a disk of their own and layers are not, as CRI-O does with a separate image
 * store and containerd never does: a gRPC-Web bridge to a test node's containerd that answers ImageFsInfo by itself.
 */
import { create, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { type CriClient, CriError, ImageFsInfoResponseSchema, ImageService } from "../../cri/mod.ts";

export interface SplitPlaces {
  images: string;
  layers: string;
}

/** Listens at `socket` until the server is shut down. */
export function serveSplitImages(socket: string, cri: CriClient, { images, layers }: SplitPlaces): Deno.HttpServer {
  const filesystem = (mountpoint: string) => ({ fsId: { mountpoint }, timestamp: 0n, usedBytes: { value: 0n } });
  const told = create(ImageFsInfoResponseSchema, {
    imageFilesystems: [filesystem(images)],
    containerFilesystems: [filesystem(layers)],
  });
  const headers = { "content-type": "application/grpc-web+proto" };
  return Deno.serve({ path: socket, onListen: () => {} }, async (request) => {
    const name = new URL(request.url).pathname.split("/").at(-1);
    const method = ImageService.methods.find((each) => each.name === name);
    if (!method) return new Response(trailers(12, "unknown method"), { headers });
    const message = fromBinary(method.input, (await request.bytes()).subarray(5));
    try {
      const call = cri.image[method.localName as keyof CriClient["image"]] as (message: unknown) => Promise<unknown>;
      const answer = method.name === "ImageFsInfo" ? told : await call(message);
      const bytes = toBinary(method.output, answer as MessageShape<typeof method.output>);
      return new Response(new Blob([frame(bytes, 0), trailers(0, "")]), { headers });
    } catch (err) {
      const code = err instanceof CriError && err.code === "not_found" ? 5 : 2;
      return new Response(trailers(code, (err as Error).message), { headers });
    }
  });
}

function trailers(status: number, message: string): Uint8Array<ArrayBuffer> {
  const text = `grpc-status: ${status}\r\ngrpc-message: ${encodeURIComponent(message)}\r\n`;
  return frame(new TextEncoder().encode(text), 0x80);
}

function frame(bytes: Uint8Array, flags: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(5 + bytes.length);
  out[0] = flags;
  new DataView(out.buffer).setUint32(1, bytes.length);
  out.set(bytes, 5);
  return out;
}
