package meepo.peer;

import ${dubbo.package}.config.ApplicationConfig;
import ${dubbo.package}.config.ProtocolConfig;
import ${dubbo.package}.config.ReferenceConfig;
import ${dubbo.package}.config.RegistryConfig;
import ${dubbo.package}.config.ServiceConfig;
import ${dubbo.package}.rpc.RpcContext;
import ${dubbo.package}.rpc.service.GenericService;
import java.net.ServerSocket;
import java.util.HashMap;
import java.util.Map;

/** The part of Dubbo's interface that the peers use; its packages have another name in 2.6 than in 2.7 and 3. */
final class Dubbo {
    /** A call without the interface's classes. */
    interface Generic {
        Object invoke(String method, String[] types, Object[] arguments);
    }

    /** Options of the command line that both sides take. */
    static final String[] CONSUMER_OPTIONS =
        {"registry", "url", "application", "interface", "version", "group", "timeout", "retries", "heartbeat", "connections",
         "plain-tasks"};
    static final String[] PROVIDER_OPTIONS =
        {"registry", "port", "application", "version", "group", "timeout", "weight", "heartbeat", "threads", "task-service", "quiet"};

    private final Options options;
    private final ApplicationConfig application;
    private final RegistryConfig registry;

    Dubbo(Options options, String name) {
        this.options = options;
        application = new ApplicationConfig(options.get("application", name));
        application.setQosEnable(false);
        registry = new RegistryConfig(options.get("registry", "N/A"));
    }

    /** @param versioned with the version and group of the options */
    <T> T refer(Class<T> type, boolean versioned) {
        ReferenceConfig<T> reference = new ReferenceConfig<>();
        reference.setInterface(type);
        return get(reference, versioned);
    }

    Generic generic(String interfaceName) {
        ReferenceConfig<GenericService> reference = new ReferenceConfig<>();
        reference.setInterface(interfaceName);
        reference.setGeneric(${dubbo.generic});
        return get(reference, !options.has("plain-tasks") || !interfaceName.startsWith("org.cheng.meepo."))::$invoke;
    }

    private <T> T get(ReferenceConfig<T> reference, boolean versioned) {
        reference.setApplication(application);
        reference.setRegistry(registry);
        reference.setCheck(false); // a provider that is absent is the answer of a call, not of the start
        if (options.has("url")) reference.setUrl(options.get("url"));
        if (versioned && options.has("version")) reference.setVersion(options.get("version"));
        if (versioned && options.has("group")) reference.setGroup(options.get("group"));
        if (options.has("timeout")) reference.setTimeout(options.number("timeout"));
        if (options.has("retries")) reference.setRetries(options.number("retries"));
        if (options.has("connections")) reference.setConnections(options.number("connections"));
        if (options.has("heartbeat")) {
            Map<String, String> parameters = new HashMap<>();
            parameters.put("heartbeat", options.get("heartbeat"));
            reference.setParameters(parameters);
        }
        return reference.get();
    }

    /** @return what takes the service out of the registry again */
    <T> Runnable export(Class<T> type, T service, int port) {
        ProtocolConfig protocol = new ProtocolConfig("dubbo", port);
        if (options.has("heartbeat")) protocol.setHeartbeat(options.number("heartbeat"));
        if (options.has("threads")) protocol.setThreads(options.number("threads"));
        ServiceConfig<T> config = new ServiceConfig<>();
        config.setApplication(application);
        config.setRegistry(registry);
        config.setProtocol(protocol);
        config.setInterface(type);
        config.setRef(service);
        if (options.has("version")) config.setVersion(options.get("version"));
        if (options.has("group")) config.setGroup(options.get("group"));
        if (options.has("timeout")) config.setTimeout(options.number("timeout"));
        if (options.has("weight")) config.setWeight(options.number("weight"));
        config.export();
        return config::unexport;
    }

    static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** Sets the attachments of this thread's next call, and removes all others. */
    static void attach(Map<String, String> attachments) {
        RpcContext.getContext().clearAttachments();
        for (Map.Entry<String, String> entry : attachments.entrySet()) {
            RpcContext.getContext().setAttachment(entry.getKey(), entry.getValue());
        }
    }

    /** The attachments of the call that this thread serves. */
    static Map<String, ?> received() {
        return ${dubbo.received};
    }

    /** Address of the caller that this thread serves. */
    static String caller() {
        return RpcContext.getContext().getRemoteAddressString();
    }
}
