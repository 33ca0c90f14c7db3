import { type GraphTask, layout } from "./layout";

self.onmessage = (event: MessageEvent<GraphTask[]>) => self.postMessage(layout(event.data));
