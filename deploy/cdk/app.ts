// AWS CDK: two stacks, deploy the one that you want.
//   coldmoon layer --arch arm64 --output layer.zip && coldmoon package --output function.zip
//   npx cdk deploy OrdersWithLayer
//   coldmoon package --with-runtime arm64 --output function-with-runtime.zip
//   npx cdk deploy OrdersWithRuntime
// For x86_64 add: --context architecture=x86_64
import { App, Duration, Stack, StackProps } from "aws-cdk-lib";
import { Architecture, Code, Function, LayerVersion, LoggingFormat, Runtime } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";

interface OrdersProps extends StackProps {
  architecture: Architecture;
  code: string;
  layer?: string;
}

class Orders extends Stack {
  constructor(scope: Construct, id: string, props: OrdersProps) {
    super(scope, id, props);
    const { architecture, code, layer } = props;
    const layers = layer === undefined ? [] : [
      new LayerVersion(this, "Runtime", {
        layerVersionName: "coldmoon",
        code: Code.fromAsset(layer),
        compatibleRuntimes: [Runtime.PROVIDED_AL2023],
        compatibleArchitectures: [architecture],
      }),
    ];
    new Function(this, "Function", {
      code: Code.fromAsset(code),
      handler: "app.handler",
      runtime: Runtime.PROVIDED_AL2023,
      architecture,
      layers,
      memorySize: 128,
      timeout: Duration.seconds(10),
      loggingFormat: LoggingFormat.JSON,
    });
  }
}

const app = new App();
const architecture = app.node.tryGetContext("architecture") === "x86_64" ? Architecture.X86_64 : Architecture.ARM_64;
new Orders(app, "OrdersWithLayer", { architecture, code: "function.zip", layer: "layer.zip" });
new Orders(app, "OrdersWithRuntime", { architecture, code: "function-with-runtime.zip" });
