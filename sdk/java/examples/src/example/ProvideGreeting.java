package example;

import org.apache.dubbo.config.ApplicationConfig;
import org.apache.dubbo.config.ProtocolConfig;
import org.apache.dubbo.config.RegistryConfig;
import org.apache.dubbo.config.ServiceConfig;
import org.apache.dubbo.rpc.RpcContext;

/** An ordinary Dubbo provider: nothing of Meepo is in it. {@code ProvideGreeting zookeeper://127.0.0.1:2181 20880} */
public final class ProvideGreeting implements Greeting {
    @Override
    public String hello(String name) {
        System.out.println("hello(" + name + ") called by " + RpcContext.getContext().getRemoteAddressString());
        return "hello " + name;
    }

    public static void main(String[] arguments) throws Exception {
        ServiceConfig<Greeting> service = new ServiceConfig<>();
        service.setApplication(new ApplicationConfig("greeting"));
        service.setRegistry(new RegistryConfig(arguments[0]));
        service.setProtocol(new ProtocolConfig("dubbo", Integer.parseInt(arguments[1])));
        service.setInterface(Greeting.class);
        service.setRef(new ProvideGreeting());
        service.export();
        System.out.println("ready");
        System.in.read(); // until Enter
    }
}
